package scenario

import "time"

// mostInTransaction is the most records of one transaction.
const mostInTransaction = 1_000_000

// transactionTimeout is how long Kafka's Java client lets a transaction stay open
// by default; then the cluster aborts it.
const transactionTimeout = time.Minute

// fleetSettings reads the settings that bind a producing client to its
// connections and transactions.
func fleetSettings(o *object, s *ProducerSettings) {
	const inFlight = 5
	s.InFlight = o.integer("in_flight", inFlight, 1, inFlight)
	if o.sound("in_flight", "idempotent") && s.Idempotent && s.InFlight != inFlight {
		o.fail("in_flight", "add idempotent: false", "an idempotent producer keeps %d requests in flight, not %d", inFlight, s.InFlight)
	}
	if o.has("compression_level") {
		s.CompressionLevel = compressionLevel(o, s.Compression)
	}
	s.ConnectRate = connectRate(o)
	s.Transactions = transactions(o.child("transactions"))
	if s.Transactions.Records == 0 || !o.sound("acks", "idempotent") {
		return
	}
	switch {
	case s.Acks != "all":
		o.fail("transactions", "remove it, or acks: "+s.Acks, "a transaction needs acks all, not %s", s.Acks)
	case !s.Idempotent:
		o.fail("transactions", "remove it, or idempotent: false", "a transaction needs an idempotent producer")
	}
}

// compressionLevel reads a level in the codec's own range. Those of zstd are its
// 1 to 22; the client has four encoders for them, see the generator.
func compressionLevel(o *object, codec string) int {
	highest := map[string]int{"gzip": 9, "lz4": 9, "zstd": 22}[codec]
	if highest == 0 {
		o.integer("compression_level", 1, 1, 22)
		if o.sound("compression", "compression_level") {
			o.fail("compression_level", "gzip, lz4 and zstd have levels", "compression %s has no levels", codec)
		}
		return DefaultLevel
	}
	return o.integer("compression_level", DefaultLevel, 1, highest)
}

func transactions(o *object) Transactions {
	if o == nil {
		return Transactions{}
	}
	o.require("records", "100")
	t := Transactions{
		Records: o.integer("records", 1, 1, mostInTransaction),
		Aborted: o.share("aborted", 0, 0, 1),
	}
	o.done()
	return t
}

// checkFleet reports settings that a fleet's size and rate contradict.
func checkFleet(p Producer, o, settings *object) {
	if o.sound("clients") && settings.sound("connect_rate") {
		settings.checkConnecting("clients", p.Clients, p.Settings.ConnectRate)
	}
	n := p.Settings.Transactions.Records
	rate := p.RecordsPerSecond() / float64(p.Clients)
	if n == 0 || !(rate > 0) || !o.sound("rate", "clients", "value", "key") || !settings.sound("transactions") {
		return
	}
	if takes := float64(n) / rate; takes > transactionTimeout.Seconds() {
		settings.fail("transactions", "", "a client fills a transaction of %s records in %s at this rate, and after %s the cluster aborts it",
			grouped(float64(n)), wholeSeconds(takes), formatDuration(transactionTimeout))
	}
}
