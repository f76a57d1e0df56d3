"""What we are measured against, each as a WSGI application of its own; datasette is the only other server."""
