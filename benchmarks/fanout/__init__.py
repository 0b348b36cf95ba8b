"""What a delivered event costs the server, beside nginx + nchan and naive sse-starlette."""
