"""What a signal handler raises while a helper of ours runs is the application's."""


def test_handler_that_exits(in_process):
    in_process("""
        import os, signal, sys
        import cprof, cprof._routes
        signal.signal(signal.SIGUSR1, lambda *args: sys.exit(7))
        def route_of(environ, app, status):
            os.kill(os.getpid(), signal.SIGUSR1)
            for _ in range(1000):
                pass
            return "/found"
        cprof._routes.route_of = route_of
        def app(environ, start_response):
            start_response("200 OK", [])
            for _ in range(1000):
                pass
            return []
        cprof.CProfMiddleware(app)({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None)
        for _ in range(1000):
            pass
        sys.exit(3)
    """, status=7)


def test_ctrl_c(in_process):
    out, _ = in_process("""
        import os, signal, sys
        import cprof, cprof._routes
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
        sent = []
        def route_of(environ, app, status):
            if not sent:  # what it interrupts is asked again at the end
                sent.append(1)
                os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass
            return None
        cprof._routes.route_of = route_of
        def app(environ, start_response):
            try:
                start_response("200 OK", [])
                for _ in range(1000):
                    pass
            except KeyboardInterrupt:
                print("heard")
            return []
        cprof.CProfMiddleware(app)({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None)
    """)
    assert out.strip() == "heard"


def test_helper_that_fails(in_process):
    out, _ = in_process("""
        import cprof, cprof._routes
        def route_of(environ, app, status):
            raise RuntimeError("ours")
        cprof._routes.route_of = route_of
        def app(environ, start_response):
            start_response("200 OK", [])
            return [b"fine"]
        answer = cprof.CProfMiddleware(app)({"REQUEST_METHOD": "GET", "PATH_INFO": "/"},
                                            lambda *args: None)
        print(answer)
    """)
    assert out.strip() == "[b'fine']"
