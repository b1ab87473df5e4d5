"""What there is of cprof where its core is not to be had: in all interpreters of a
process but one, and without a GIL. As a program, on a free-threaded build: check()
there. Prints what is logged."""

import logging
import sys
import threading

from ext_client import serve


def work():
    return len("x")


def app(environ, start_response):
    work()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([b"x", b"y"])


class Framework:
    def wsgi_app(self, environ, start_response):
        return app(environ, start_response)

    def __call__(self, environ, start_response):
        return self.wsgi_app(environ, start_response)


def check_requests(cprof):
    plain = serve(app).seen()
    framework, wrapped = Framework(), []

    def wrapping(inner):
        def outermost(environ, start_response):
            wrapped.append(environ["PATH_INFO"])
            return inner(environ, start_response)

        return outermost

    framework.wsgi_app = cprof.CProfMiddleware(framework)
    assert serve(framework).seen() == plain
    framework.wsgi_app = wrapping(framework.wsgi_app)
    assert serve(framework, "/around").seen() == plain
    framework = Framework()
    ours = cprof.CProfMiddleware(framework)
    framework.wsgi_app = wrapping(framework.wsgi_app)
    assert serve(ours, "/inside").seen() == plain
    assert wrapped == ["/around", "/inside"]
    for made in (cprof.CProfMiddleware(app), cprof.CProfMiddleware(app, "elsewhere", mode="fast")):
        assert serve(made).seen() == plain
        assert made.app is app and made.counts["kept"] == 0 and made.flush(1)
    try:
        cprof.CProfMiddleware(None)
    except TypeError:
        pass
    else:
        raise AssertionError("accepted")


def check_the_rest(cprof):
    assert cprof.profile(work) is work and cprof.profile(mode="fast")(work) is work
    assert cprof.flush() and cprof.__version__
    with cprof.label("checkout"):
        assert serve(cprof.CProfMiddleware(app)).body == b"xy"
    for ask in (cprof.Profile, lambda: cprof.run("1"), lambda: cprof.runctx("1", {}, {})):
        try:
            ask()
        except RuntimeError as exc:
            assert str(exc) == cprof._cprof.unavailable
        else:
            raise AssertionError("profiled")
    assert not hasattr(cprof._cprof, "Profiler") and not hasattr(cprof._cprof, "_stop")
    assert sorted(cprof.__all__) == sorted(name for name in cprof.__all__ if hasattr(cprof, name))


def check():
    logging.getLogger("cprof").addHandler(logging.StreamHandler(sys.stdout))
    import cprof

    assert cprof._cprof.unavailable
    check_requests(cprof)
    check_the_rest(cprof)
    sys.stdout.flush()


def main():
    check()
    # It did not bring the GIL back either.
    assert not sys._is_gil_enabled()
    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
