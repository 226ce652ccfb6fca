"""The native backend: the compiled library's convolutions for training on the CPU in float32.

Importing `bscnet.sparse.native.ops` registers its operators in torch's namespace `bscnet_native`.
"""
