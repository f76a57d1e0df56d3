"""The limits and peers, each as a WSGI application; only datasette is a separate server."""
