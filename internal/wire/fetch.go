package wire

import "fmt"

// FetchPartition is what a fetch response brings for one partition. The offsets
// count from the start of the frame.
type FetchPartition struct {
	Topic       Topic // Name is valid until the yield returns
	Partition   int32
	ErrorCode   int16
	RecordBytes int // length of the record batches, the last of which may be cut short
	LengthAt    int // where the length field of the records starts
	RecordsAt   int // where the records start
}

// scanState is the element that a FetchScanner expects next.
type scanState uint8

const (
	atHeader scanState = iota
	atTopic
	atPartition
	inRecords
	atPartitionEnd
	atTopicEnd
	scanned
)

// FetchScanner reads one fetch response (v4 to v18) that arrives in pieces. It
// keeps no more than the piece of an element that a chunk ended in; record
// batches pass by unread. Reset makes it ready; the zero value is not.
type FetchScanner struct {
	version    int16
	state      scanState
	topics     int // still to come
	partitions int // still to come in this topic
	skip       int // record bytes still to skip
	consumed   int // bytes of the frame before what is looked at now
	topic      Topic
	name       []byte // holds topic.Name, which outlives its chunk
	carry      []byte

	throttle  int32
	errorCode int16
	session   int32
}

// Reset prepares the scanner for a response of the given version.
func (s *FetchScanner) Reset(version int16) error {
	if version < fetchMin || version > fetchMax {
		return fmt.Errorf("read fetch response v%d: %w", version, ErrUnknown)
	}
	*s = FetchScanner{version: version, name: s.name[:0], carry: s.carry[:0]}
	return nil
}

// Throttle returns throttle_time_ms and whether it has been read yet.
func (s *FetchScanner) Throttle() (ms int32, ok bool) { return s.throttle, s.state != atHeader }

// Session returns the response's error code and fetch session id, 0 before v7.
func (s *FetchScanner) Session() (errorCode int16, id int32) { return s.errorCode, s.session }

// Done tells whether every partition has been yielded. Bytes that follow (tagged
// fields with brokers' addresses) are accepted and ignored.
func (s *FetchScanner) Done() bool { return s.state == scanned }

// Feed reads the next bytes of the response's frame, correlation id first. It
// calls yield for each partition as soon as all that comes before its records has
// arrived.
func (s *FetchScanner) Feed(chunk []byte, yield func(FetchPartition)) error {
	for len(s.carry) > 0 && len(chunk) > 0 {
		// Complete the element that the last chunk ended in, a few bytes at a
		// time so that what follows it is not copied.
		had := len(s.carry)
		take := min(len(chunk), max(64, had))
		s.carry = append(s.carry, chunk[:take]...)
		n, err := s.scan(s.carry, yield)
		if err != nil {
			return err
		}
		if n >= had {
			chunk = chunk[n-had:]
			s.carry = s.carry[:0]
			break
		}
		s.carry = append(s.carry[:0], s.carry[n:]...)
		chunk = chunk[take:]
	}
	if len(chunk) == 0 {
		return nil
	}
	n, err := s.scan(chunk, yield)
	if err != nil {
		return err
	}
	s.carry = append(s.carry[:0], chunk[n:]...)
	return nil
}

// scan reads as many whole elements of b as there are and returns their length.
func (s *FetchScanner) scan(b []byte, yield func(FetchPartition)) (int, error) {
	start := s.consumed
	c := cursor{src: b}
	for {
		switch s.state {
		case scanned:
			s.consumed = start + len(b)
			return len(b), nil
		case inRecords:
			n := min(s.skip, len(b)-c.at)
			c.at += n
			s.skip -= n
			if s.skip > 0 {
				s.consumed = start + c.at
				return c.at, nil
			}
			s.state = atPartitionEnd
			continue
		}
		whole := c.at
		s.element(&c, start, yield)
		if c.bad {
			return 0, fmt.Errorf("read fetch response v%d: %w", s.version, ErrMalformed)
		}
		if c.short {
			s.consumed = start + whole
			return whole, nil
		}
	}
}

// element reads one element and moves on, unless the cursor ran short.
func (s *FetchScanner) element(c *cursor, start int, yield func(FetchPartition)) {
	flexible := s.version >= fetchFlexible
	switch s.state {
	case atHeader:
		s.header(c, flexible)
	case atTopic:
		topic := c.topic(flexible, s.version >= fetchByID)
		n := c.array(flexible)
		if c.failed() {
			return
		}
		s.name = append(s.name[:0], topic.Name...)
		s.topic = Topic{Name: s.name, ID: topic.ID}
		s.partitions = n
		s.nextPartition()
	case atPartition:
		p := s.partition(c, flexible)
		if c.failed() {
			return
		}
		p.LengthAt += start
		p.RecordsAt = start + c.at
		s.skip, s.state = p.RecordBytes, inRecords
		yield(p)
	case atPartitionEnd:
		c.tagsIf(flexible)
		if c.failed() {
			return
		}
		s.partitions--
		s.nextPartition()
	case atTopicEnd:
		c.tagsIf(flexible)
		if c.failed() {
			return
		}
		s.topics--
		s.nextTopic()
	}
}

func (s *FetchScanner) header(c *cursor, flexible bool) {
	c.int32() // correlation id
	c.tagsIf(flexible)
	throttle := c.int32()
	var code int16
	var session int32
	if s.version >= 7 {
		code, session = c.int16(), c.int32()
	}
	topics := c.array(flexible)
	if c.failed() {
		return
	}
	s.throttle, s.errorCode, s.session, s.topics = throttle, code, session, topics
	s.nextTopic()
}

func (s *FetchScanner) nextTopic() {
	s.state = atTopic
	if s.topics == 0 {
		s.state = scanned
	}
}

func (s *FetchScanner) nextPartition() {
	s.state = atPartition
	if s.partitions == 0 {
		s.state = atTopicEnd
	}
}

// partition reads a partition up to its records.
func (s *FetchScanner) partition(c *cursor, flexible bool) FetchPartition {
	p := FetchPartition{Topic: s.topic, Partition: c.int32(), ErrorCode: c.int16()}
	c.int64() // high watermark
	c.int64() // last stable offset
	if s.version >= 5 {
		c.int64() // log start offset
	}
	for n := c.array(flexible); n > 0 && !c.failed(); n-- {
		c.bytes(16) // aborted transaction
		c.tagsIf(flexible)
	}
	if s.version >= 11 {
		c.int32() // preferred read replica
	}
	p.LengthAt = c.at
	p.RecordBytes = c.size(flexible)
	return p
}
