"""gunicorn's configuration: notes whether a body went to the client by sendfile()."""


def post_worker_init(worker):
    from gunicorn.http.wsgi import Response
    from served_app import note

    original = Response.sendfile

    def sendfile(self, body):
        sent = original(self, body)
        note("sendfile %s" % sent)
        return sent

    Response.sendfile = sendfile
