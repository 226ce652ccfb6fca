"""Makes and checks what a release uploads: the source archive and one wheel a platform, all on one machine."""
