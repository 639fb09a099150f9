package wire

import "fmt"

// FetchRequest is what a fetch request says about sizes and its session.
type FetchRequest struct {
	MaxBytes     int32
	MaxBytesAt   int // where in the body MaxBytes is
	SessionID    int32
	SessionEpoch int32 // 0 opens a session, -1 has none or closes it; -1 before v7
}

// FetchWanted is one partition that a fetch request asks for.
type FetchWanted struct {
	Topic      Topic
	Partition  int32
	MaxBytes   int32
	MaxBytesAt int // where in the body MaxBytes is
}

// ParseFetchHeader reads what comes before the partitions of a fetch request (v4
// to v18).
func ParseFetchHeader(version int16, body []byte) (FetchRequest, error) {
	if version < fetchMin || version > fetchMax {
		return FetchRequest{}, fmt.Errorf("read fetch request v%d: %w", version, ErrUnknown)
	}
	c := cursor{src: body}
	r := fetchHeader(&c, version)
	if err := c.err(); err != nil {
		return FetchRequest{}, fmt.Errorf("read fetch request v%d: %w", version, err)
	}
	return r, nil
}

func fetchHeader(c *cursor, version int16) FetchRequest {
	if version <= 14 {
		c.int32() // replica id
	}
	c.bytes(8) // max wait, min bytes
	r := FetchRequest{SessionEpoch: -1, MaxBytesAt: c.at}
	r.MaxBytes = c.int32()
	c.bytes(1) // isolation level
	if version >= 7 {
		r.SessionID, r.SessionEpoch = c.int32(), c.int32()
	}
	return r
}

// FetchPartitions calls wanted for each partition that a fetch request (v4 to v18)
// asks for and forgotten for each that leaves the session.
func FetchPartitions(version int16, body []byte, wanted func(FetchWanted), forgotten func(Topic, int32)) error {
	if version < fetchMin || version > fetchMax {
		return fmt.Errorf("read fetch request v%d: %w", version, ErrUnknown)
	}
	flexible, byID := version >= fetchFlexible, version >= fetchByID
	c := cursor{src: body}
	fetchHeader(&c, version)
	for topics := c.array(flexible); topics > 0 && !c.failed(); topics-- {
		topic := c.topic(flexible, byID)
		for parts := c.array(flexible); parts > 0; parts-- {
			w := wantedPartition(&c, version, flexible)
			if c.failed() {
				break
			}
			w.Topic = topic
			wanted(w)
		}
		c.tagsIf(flexible)
	}
	if version >= 7 {
		for topics := c.array(flexible); topics > 0 && !c.failed(); topics-- {
			topic := c.topic(flexible, byID)
			for parts := c.array(flexible); parts > 0; parts-- {
				partition := c.int32()
				if c.failed() {
					break
				}
				forgotten(topic, partition)
			}
			c.tagsIf(flexible)
		}
	}
	if err := c.err(); err != nil {
		return fmt.Errorf("read fetch request v%d: %w", version, err)
	}
	return nil
}

func wantedPartition(c *cursor, version int16, flexible bool) FetchWanted {
	w := FetchWanted{Partition: c.int32()}
	if version >= 9 {
		c.int32() // current leader epoch
	}
	c.int64() // fetch offset
	if version >= 12 {
		c.int32() // last fetched epoch
	}
	if version >= 5 {
		c.int64() // log start offset
	}
	w.MaxBytesAt = c.at
	w.MaxBytes = c.int32()
	c.tagsIf(flexible)
	return w
}
