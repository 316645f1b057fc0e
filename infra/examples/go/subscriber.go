// A complete subscriber: it acts on each event of Loops once, and loses none.
// That holds even if it is killed at any moment. Here the work is a line in a file. Copy the program, and put your own work
// in `work`. See infra/examples/README.md.
//
//	go run .            in this folder, on Go 1.24 or newer
//
// With --once it reads the events so far and exits: with 0 if there were any, else with 1.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// The delays before a failed event comes again; the last one repeats.
var pauses = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

const maxDeliver = 20

// Events are kept for 30 days, so an id need not be remembered for longer.
const forgetAfter = 31 * 24 * time.Hour

type event struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Workspace   string          `json:"workspaceid"`
	Sequence    *int64          `json:"sequence"`
	Epoch       string          `json:"epoch"`
	Data        json.RawMessage `json:"data"`
}

// thing is what an event happened to.
type thing struct{ Source, Workspace, Subject string }

// line is what the journal stores for an event: the work and the record of it, in one write.
type line struct {
	At       time.Time `json:"at"`
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Thing    thing     `json:"thing"`
	Sequence int64     `json:"sequence"`
	Outcome  string    `json:"outcome"`
	Epoch    string    `json:"epoch,omitempty"`
}

// journal is a file with a line for each event, and the ids and sequences of these events in memory. A program with a
// database keeps them in two tables instead, and writes to those in the transaction of its work.
type journal struct {
	file   *os.File
	size   int64 // of the complete lines, in bytes
	seen   map[string]bool
	latest map[thing]int64
	epoch  string
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	if fallback == "" {
		log.Fatalf("%s is not set: npm run subscriber -- add NAME prints it.", name)
	}
	return fallback
}

// open reads the journal. It cuts off a last line that a killed program did not finish: its event comes again.
func open(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	j := &journal{file: file, seen: map[string]bool{}, latest: map[thing]int64{}}
	reader := bufio.NewReader(file)
	for {
		text, err := reader.ReadBytes('\n')
		if err != nil {
			break
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		j.size += int64(len(text))
		if time.Since(l.At) < forgetAfter {
			j.seen[l.ID] = true
		}
		j.follow(l.Epoch)
		j.latest[l.Thing] = max(j.latest[l.Thing], l.Sequence)
	}
	return j, file.Truncate(j.size)
}

// follow forgets the sequences that are known where Loops was restored from a backup, since they are given again.
func (j *journal) follow(epoch string) {
	if epoch != "" && epoch != j.epoch {
		j.epoch, j.latest = epoch, map[thing]int64{}
	}
}

// handle works on an event, unless it was seen before or a newer one is known.
func (j *journal) handle(e event) (string, error) {
	j.follow(e.Epoch)
	outcome, of := "done", thing{e.Source, e.Workspace, e.Subject}
	switch newest, known := j.latest[of]; {
	case j.seen[e.ID]:
		return "repeated", nil
	// A program that counts or alerts leaves out this check: see "Twice, and out of order" in README.md.
	case known && *e.Sequence < newest:
		outcome = "older"
	}
	if err := j.work(line{time.Now(), e.ID, e.Type, of, *e.Sequence, outcome, e.Epoch}); err != nil {
		return "", err
	}
	j.seen[e.ID] = true
	j.latest[of] = max(j.latest[of], *e.Sequence)
	return outcome, nil
}

// work is what the program is for. It writes to disk before the event is acknowledged.
func (j *journal) work(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	// Written after the complete lines, over what a failed write has left there, as on a full disk.
	count, err := j.file.WriteAt(append(text, '\n'), j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return err
	}
	j.size += int64(count)
	return nil
}

// parse reads the event in a message. It ignores members that this program does not know.
func parse(data []byte) (event, error) {
	var e event
	err := json.Unmarshal(data, &e)
	texts := []string{e.ID, e.Source, e.Type, e.Subject, e.Workspace}
	isEvent := e.SpecVersion == "1.0" && !slices.Contains(texts, "") && e.Sequence != nil
	if err == nil && (!isEvent || !bytes.HasPrefix(bytes.TrimSpace(e.Data), []byte("{"))) {
		err = errors.New("not a CloudEvent of Loops")
	}
	return e, err
}

// giveUp writes a message that can never be handled to the log, where a person finds it.
func giveUp(msg jetstream.Msg, why error) {
	log.Printf("gave up %s: %v: %s", msg.Subject(), why, msg.Data())
	if err := msg.TermWithReason(why.Error()); err != nil {
		log.Printf("will come again: %v", err)
	}
}

// receive works on an event, and acknowledges it only after that.
func (j *journal) receive(msg jetstream.Msg) {
	e, err := parse(msg.Data())
	if err != nil {
		giveUp(msg, err)
		return
	}
	outcome, err := j.handle(e)
	if err == nil {
		if err = msg.Ack(); err != nil {
			log.Printf("will come again: %v", err)
		}
		fmt.Println(outcome, e.Type, e.Subject, *e.Sequence)
		return
	}
	tries := 1
	if meta, err := msg.Metadata(); err == nil {
		tries = int(meta.NumDelivered)
	}
	if tries >= maxDeliver {
		giveUp(msg, err)
		return
	}
	log.Printf("%s %s failed, attempt %d: %v", e.Type, e.Subject, tries, err)
	if err := msg.NakWithDelay(pauses[min(tries, len(pauses))-1]); err != nil {
		log.Printf("will come again: %v", err)
	}
}

// openConsumer finds or creates the durable consumer, in which the server keeps the subscriber's position in the stream.
func openConsumer(ctx context.Context, js jetstream.JetStream, name string) (jetstream.Consumer, error) {
	stream := setting("STREAM", "EVENTS")
	found, err := js.Consumer(ctx, stream, name)
	if err == nil || !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return found, err
	}
	return js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: setting("EVENTS", ""),
		AckPolicy:     jetstream.AckExplicitPolicy,
		MaxDeliver:    maxDeliver,
		MaxAckPending: 100,
	})
}

// read works on the events so far, and on those that come within two seconds. It returns how many there were.
func (j *journal) read(ctx context.Context, js jetstream.JetStream, name string) (int, error) {
	consumer, err := openConsumer(ctx, js, name)
	if err != nil {
		return 0, err
	}
	for count := 0; ; {
		before := count
		batch, err := consumer.Fetch(50, jetstream.FetchMaxWait(2*time.Second))
		if err != nil {
			return count, err
		}
		for msg := range batch.Messages() {
			if ctx.Err() == nil {
				j.receive(msg)
			}
			count++
		}
		if batch.Error() != nil || count == before || ctx.Err() != nil {
			return count, batch.Error()
		}
	}
}

func connect(name string) (*nats.Conn, error) {
	pair, err := nkeys.FromSeed([]byte(setting("NATS_SEED", "")))
	if err != nil {
		return nil, err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	return nats.Connect(setting("NATS_URL", ""),
		nats.Nkey(public, pair.Sign),
		nats.Name(name),
		nats.CustomInboxPrefix("_INBOX."+name),
		nats.MaxReconnects(-1))
}

func run(ctx context.Context, once bool) (int, error) {
	name := setting("SUBSCRIBER", "")
	j, err := open(setting("STATE", name+".jsonl"))
	if err != nil {
		return 1, err
	}
	defer j.file.Close()
	nc, err := connect(name)
	if err != nil {
		return 1, err
	}
	// Sends the last acknowledgements before the connection closes.
	defer func() { _ = nc.FlushTimeout(5 * time.Second); nc.Close() }()
	js, err := jetstream.NewWithDomain(nc, setting("DOMAIN", "loops"))
	if err != nil {
		return 1, err
	}
	fmt.Println(name, "listens to", setting("EVENTS", ""))
	if once {
		count, err := j.read(ctx, js, name)
		if count == 0 {
			return 1, err
		}
		return 0, err
	}
	for ctx.Err() == nil && !nc.IsClosed() {
		if _, err := j.read(ctx, js, name); err != nil && ctx.Err() == nil {
			log.Printf("will try again: %v", err)
			time.Sleep(time.Second)
		}
	}
	if nc.IsClosed() {
		return 1, errors.New("the key is no longer valid")
	}
	return 0, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	code, err := run(ctx, slices.Contains(os.Args[1:], "--once"))
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}
