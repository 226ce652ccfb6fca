"""Builds the page that labels clouds in a browser: engine, network, readers and viewer in one HTML file."""
