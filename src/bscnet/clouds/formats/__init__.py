"""The formats of clouds, a module each with a reader and one with its writer."""
