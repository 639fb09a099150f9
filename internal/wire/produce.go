package wire

import "fmt"

// ProduceRecords calls yield for every partition of a produce request (v3 to v13)
// with its record batches, headers included, which point into body, and returns the
// request's acks.
func ProduceRecords(version int16, body []byte, yield func(t Topic, partition int32, records []byte)) (acks int16, err error) {
	if version < produceMin || version > produceMax {
		return 0, fmt.Errorf("read produce request v%d: %w", version, ErrUnknown)
	}
	flexible, byID := version >= produceFlexible, version >= produceByID
	c := cursor{src: body}
	c.str(flexible) // transactional id
	acks = c.int16()
	c.int32() // timeout
	for topics := c.array(flexible); topics > 0 && !c.failed(); topics-- {
		topic := c.topic(flexible, byID)
		for parts := c.array(flexible); parts > 0; parts-- {
			partition := c.int32()
			records := c.bytes(c.size(flexible))
			c.tagsIf(flexible)
			if c.failed() {
				break
			}
			yield(topic, partition, records)
		}
		c.tagsIf(flexible)
	}
	c.tagsIf(flexible)
	if err := c.err(); err != nil {
		return 0, fmt.Errorf("read produce request v%d: %w", version, err)
	}
	return acks, nil
}

// ProduceAcksAt returns where in a produce request's body its acks field is.
func ProduceAcksAt(version int16, body []byte) (int, error) {
	c := cursor{src: body}
	c.str(version >= produceFlexible)
	at := c.at
	c.int16()
	if err := c.err(); err != nil {
		return 0, fmt.Errorf("read produce request v%d: %w", version, err)
	}
	return at, nil
}

// ProduceResult is a produce response's answer for one partition.
type ProduceResult struct {
	Topic      Topic
	Partition  int32
	ErrorCode  int16
	BaseOffset int64
}

// ProduceResults calls yield for every partition of a produce response and returns
// where in body its throttle_time_ms is.
func ProduceResults(version int16, body []byte, yield func(ProduceResult)) (throttleAt int, err error) {
	if version < produceMin || version > produceMax {
		return 0, fmt.Errorf("read produce response v%d: %w", version, ErrUnknown)
	}
	flexible, byID := version >= produceFlexible, version >= produceByID
	c := cursor{src: body}
	for topics := c.array(flexible); topics > 0 && !c.failed(); topics-- {
		topic := c.topic(flexible, byID)
		for parts := c.array(flexible); parts > 0; parts-- {
			r := ProduceResult{Topic: topic, Partition: c.int32(), ErrorCode: c.int16(), BaseOffset: c.int64()}
			skipProduceResult(&c, version, flexible)
			if c.failed() {
				break
			}
			yield(r)
		}
		c.tagsIf(flexible)
	}
	at := c.at
	c.int32()
	if err := c.err(); err != nil {
		return 0, fmt.Errorf("read produce response v%d: %w", version, err)
	}
	return at, nil
}

// skipProduceResult skips what follows the base offset.
func skipProduceResult(c *cursor, version int16, flexible bool) {
	c.int64() // log append time
	if version >= 5 {
		c.int64() // log start offset
	}
	if version >= 8 {
		for n := c.array(flexible); n > 0 && !c.failed(); n-- {
			c.int32()
			c.str(flexible)
			c.tagsIf(flexible)
		}
		c.str(flexible) // error message
	}
	c.tagsIf(flexible)
}

// ProduceThrottleAt returns where in a produce response's body its
// throttle_time_ms is.
func ProduceThrottleAt(version int16, body []byte) (int, error) {
	return ProduceResults(version, body, func(ProduceResult) {})
}
