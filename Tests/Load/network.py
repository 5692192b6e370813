"""The surroundings of the servers: a mail server, a line that can be cut, and a client with kept connections."""
import asyncio, collections, contextlib, itertools, re

from harness import free_port

PORTAL = "https://portal.example.com"


class MailServer:
    """A mail server that notes the Message-ID and the token of each email it has accepted."""

    def __init__(self):
        self.port, self.server, self.connections = free_port(), None, set()
        self.taken = collections.defaultdict(list)

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=1 << 20)

    def stop(self):
        self.server.close()
        for writer in list(self.connections):
            writer.close()

    async def serve(self, reader, writer):
        self.connections.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.take(reader, writer)
        self.connections.discard(writer)
        writer.close()

    async def take(self, reader, writer):
        writer.write(b"220 sink\r\n")
        recipient = None
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.split(b"<")[1].split(b">")[0].decode()
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                mail = (await reader.readuntil(b"\r\n.\r\n")).replace(b"=\r\n", b"")
                # Nothing is awaited from here to the 250, so what is noted was also answered.
                if writer.is_closing():
                    return
                message_id = re.search(rb"(?im)^message-id:\s*(\S+)", mail)[1]
                token = re.search(rb"token=3D([A-Za-z0-9_-]{43})", mail)[1]
                self.taken[recipient].append((message_id, token.decode()))
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")


class Line:
    """A TCP relay to a port, which can be cut."""

    def __init__(self, target):
        self.port, self.target, self.writers = free_port(), target, set()

    async def open(self):
        self.server = await asyncio.start_server(self.relay, "127.0.0.1", self.port)

    def cut(self):
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()

    async def relay(self, reader, writer):
        self.writers.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self.writers.add(far_writer)
            await asyncio.gather(self.copy(reader, far_writer), self.copy(far_reader, writer))
        writer.transport.abort()
        self.writers.discard(writer)

    async def copy(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        self.writers.discard(writer)
        writer.transport.abort()


class Client:
    """Sends requests to the handlers alternately, over kept connections, as a load balancer does."""

    def __init__(self, ports):
        self.turns, self.idle = itertools.cycle(ports), collections.defaultdict(list)

    async def post(self, path, body):
        """The status of the answer; 0 if there is none."""
        port = next(self.turns)
        connection = self.idle[port].pop() if self.idle[port] else None
        try:
            async with asyncio.timeout(20):
                reader, writer = connection = connection or await asyncio.open_connection("127.0.0.1", port)
                writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: sign-in.example.com\r\nOrigin: {PORTAL}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1]))
            if "connection: close" in head:
                writer.close()
            else:
                self.idle[port].append(connection)
            return int(head.split(" ", 2)[1])
        except (OSError, asyncio.IncompleteReadError):
            if connection:
                connection[1].close()
            return 0
