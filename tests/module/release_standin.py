# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of netmend-escrow's socket: as appliance/README.md says it, with answers of the test's own."""
import json
import os
import socket
import threading


class StandIn:
    """answers: {op: object without v and id}; asked: what came, in order."""

    def __init__(self, folder, answers):
        self.answers, self.asked, self.news, self.mute, self.raw, self.page = answers, [], False, False, None, 370
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(os.path.join(folder, "escrow.sock"))
        self.listener.listen(4)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                while self.one(client):
                    pass

    def one(self, client):
        text = client.recv(256 * 1024)
        if not text:
            return False
        question = json.loads(text)
        self.asked.append(question)
        if self.mute:
            return False
        if self.news:
            client.send(b'{"v":1,"news":"requests"}')
            client.send(json.dumps({"v": 1, "id": question["id"] + 1000, "ok": False}).encode())
        if self.raw is not None:
            client.send(self.raw)
        else:
            answer = dict(self.answers[question["op"]])
            if question["op"] == "requests":
                answer["requests"] = answer["requests"][question["skip"]:][:self.page]
            client.send(json.dumps({"v": 1, "id": question["id"], **answer}).encode())
        return True

    def close(self):
        self.listener.close()
