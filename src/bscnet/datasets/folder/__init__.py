"""A folder of one's own clouds: reading, describing, examining and serving them."""
