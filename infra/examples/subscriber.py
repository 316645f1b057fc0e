"""A complete subscriber: it acts on each event of Loops once, and loses none.

That holds even if it is killed at any moment. Here the work is a row in a table. Copy the program, and put your own work in
`work`. See infra/examples/README.md.

    pip install 'nats-py[nkeys]'
    python infra/examples/subscriber.py

With --once it reads the events so far and exits: with 0 if there were any, else with 1.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys

import nats
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

# The delays before a failed event comes again (s); the last one repeats.
PAUSES_S = [1, 5, 30, 120, 600]
MAX_DELIVER = 20
# Events are kept for 30 days, so an id need not be remembered for longer.
FORGET_AFTER = "-31 days"


def setting(name, fallback=None):
    value = os.environ.get(name, fallback)
    if value is None:
        sys.exit(f"{name} is not set: npm run subscriber -- add NAME prints it.")
    return value


STREAM = setting("STREAM", "EVENTS")
DOMAIN = setting("DOMAIN", "loops")
SUBSCRIBER = setting("SUBSCRIBER")
db = sqlite3.connect(setting("STATE", f"{SUBSCRIBER}.sqlite"), isolation_level=None, timeout=0)
for table in (
    "seen (id TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT (datetime('now')))",
    "latest (source TEXT, workspace TEXT, subject TEXT, sequence INTEGER, PRIMARY KEY (source, workspace, subject))",
    "epoch (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT)",
    "work (id TEXT, type TEXT, subject TEXT, sequence INTEGER)",
    "given_up (stream_sequence INTEGER PRIMARY KEY, reason TEXT, text TEXT)",
):
    db.execute(f"CREATE TABLE IF NOT EXISTS {table}")


def work(event):
    """What the program is for."""
    row = (event["id"], event["type"], event["subject"], event["sequence"])
    db.execute("INSERT INTO work VALUES (?, ?, ?, ?)", row)


def handle(event):
    """Works on an event, unless it was seen before or a newer one is known.

    The work and the record of it are one transaction: a program that is killed has done both or neither. Work outside the
    database may be done twice; pass the id of the event along, so that the other system can tell.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        outcome = decide(event)
        if outcome == "done":
            work(event)
        db.execute("INSERT OR IGNORE INTO seen (id) VALUES (?)", (event["id"],))
        db.execute("COMMIT")
        return outcome
    except BaseException:
        db.execute("ROLLBACK")
        raise


def follow(epoch):
    """Forgets the sequences that are known where Loops was restored from a backup, since they are given again."""
    known = db.execute("SELECT epoch FROM epoch").fetchone()
    if known and known[0] == epoch:
        return
    db.execute("DELETE FROM latest")
    db.execute("INSERT OR REPLACE INTO epoch VALUES (1, ?)", (epoch,))


def decide(event):
    """Follows "Twice, and out of order" in README.md. A program that counts or alerts leaves out the check for newer events."""
    if isinstance(event.get("epoch"), str):
        follow(event["epoch"])
    if db.execute("SELECT 1 FROM seen WHERE id = ?", (event["id"],)).fetchone():
        return "repeated"
    thing = (event["source"], event["workspaceid"], event["subject"])
    known = "SELECT sequence FROM latest WHERE source = ? AND workspace = ? AND subject = ?"
    newest = db.execute(known, thing).fetchone()
    if newest and event["sequence"] < newest[0]:
        return "older"
    db.execute("INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?)", (*thing, event["sequence"]))
    return "done"


def parse(message):
    """Reads the event in a message. Ignores members that this program does not know."""
    event = json.loads(message.data)
    texts = [event.get(name) for name in ("id", "source", "type", "subject", "workspaceid")]
    is_event = event.get("specversion") == "1.0" and all(isinstance(text, str) and text for text in texts)
    if not is_event or not isinstance(event.get("sequence"), int) or not isinstance(event.get("data"), dict):
        raise ValueError("not a CloudEvent of Loops")
    return event


async def give_up(message, reason):
    """Stores a message that can never be handled where a person finds it."""
    sequence = message.metadata.sequence.stream
    row = (sequence, str(reason), message.data.decode(errors="replace"))
    db.execute("INSERT OR REPLACE INTO given_up VALUES (?, ?, ?)", row)
    await message.term()
    print(f"gave up {message.subject} ({sequence}): {reason}", file=sys.stderr, flush=True)


async def receive(message):
    """Works on an event, and acknowledges it only after that."""
    try:
        event = parse(message)
    except (ValueError, AttributeError) as error:
        return await give_up(message, error)
    try:
        outcome = handle(event)
        await message.ack()
        print(outcome, event["type"], event["subject"], event["sequence"], flush=True)
    except Exception as error:
        tries = message.metadata.num_delivered
        if tries >= MAX_DELIVER:
            return await give_up(message, error)
        await message.nak(delay=PAUSES_S[min(tries, len(PAUSES_S)) - 1])
        print(f"{event['type']} {event['subject']} failed, attempt {tries}: {error}", file=sys.stderr, flush=True)


async def open_consumer(nc):
    """Finds or creates the durable consumer, in which the server keeps the subscriber's position in the stream."""
    js = nc.jetstream(domain=DOMAIN)
    try:
        config = (await js.consumer_info(STREAM, SUBSCRIBER)).config
    except NotFoundError:
        config = ConsumerConfig(
            name=SUBSCRIBER,
            durable_name=SUBSCRIBER,
            ack_policy=AckPolicy.EXPLICIT,
            max_deliver=MAX_DELIVER,
            max_ack_pending=100,
        )
    if config.filter_subject != setting("EVENTS"):
        config.filter_subject = setting("EVENTS")
        await js.add_consumer(STREAM, config)
    return await js.pull_subscribe_bind(SUBSCRIBER, STREAM)


async def fetch(consumer):
    try:
        return await consumer.fetch(50, timeout=2)
    # The client's own TimeoutError is a subclass of this one.
    except asyncio.TimeoutError:
        return []


async def read_once(nc):
    consumer = await open_consumer(nc)
    count = 0
    while messages := await fetch(consumer):
        for message in messages:
            await receive(message)
        count += len(messages)
    return 0 if count > 0 else 1


async def read_on(nc, stopping):
    """Reads until it is asked to stop. If the stream or the consumer is gone, tries again until they are back."""
    consumer = None
    while not stopping.is_set():
        try:
            db.execute("DELETE FROM seen WHERE at < datetime('now', ?)", (FORGET_AFTER,))
            consumer = consumer or await open_consumer(nc)
            for message in await fetch(consumer):
                await receive(message)
        except Exception as error:
            consumer = None
            print(f"will try again: {error}", file=sys.stderr, flush=True)
            await asyncio.sleep(1)
    return 0


async def main():
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    nc = await nats.connect(
        setting("NATS_URL").split(","),
        nkeys_seed_str=setting("NATS_SEED"),
        inbox_prefix=f"_INBOX.{SUBSCRIBER}".encode(),
        name=SUBSCRIBER,
        max_reconnect_attempts=-1,
    )
    print(f"{SUBSCRIBER} listens to {setting('EVENTS')}", flush=True)
    code = await (read_once(nc) if "--once" in sys.argv else read_on(nc, stopping))
    # Sends the last acknowledgements before the connection closes.
    await nc.flush()
    await nc.close()
    db.close()
    return code


sys.exit(asyncio.run(main()))
