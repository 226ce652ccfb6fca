"""The formats of clouds, a package each: reader, writer, and what they are made of."""
