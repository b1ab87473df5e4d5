"""served_app by the standard library's server: python -m serve_wsgiref PORT [--validate]

With --validate wsgiref's own judge of PEP 3333 sits on both sides of the
middleware: what it does not like becomes a 500 with an AssertionError.
"""
import signal
import sys
import threading
from wsgiref.simple_server import make_server
from wsgiref.validate import validator


def application():
    if "--validate" not in sys.argv:
        from served_app import app
        return app
    import os
    os.environ["BARE"] = "1"
    from cprof import CProfMiddleware
    from served_app import app
    return validator(CProfMiddleware(validator(app)))


def main():
    with make_server("127.0.0.1", int(sys.argv[1]), application()) as server:
        # Not Ctrl-C: wsgiref takes a KeyboardInterrupt for the application's error.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()


if __name__ == "__main__":
    main()
