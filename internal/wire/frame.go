// Package wire reads the parts of Kafka's wire format that quotas depend on: who
// sent a request, how many record bytes it carries or brings for each partition,
// and for how long a response throttles. It does not decode records, does not
// copy them, and does not allocate for produce and fetch.
//
// A frame is a request or response without its 4-byte length.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	// ErrTruncated is returned for a frame that ends too early.
	ErrTruncated = errors.New("truncated frame")
	// ErrMalformed is returned for a frame that no version of Kafka sends.
	ErrMalformed = errors.New("malformed frame")
	// ErrUnknown is returned for a request kind or version that is not known.
	ErrUnknown = errors.New("unknown request kind or version")
)

// The request kinds that this package looks into.
const (
	Produce          int16 = 0
	Fetch            int16 = 1
	SASLHandshake    int16 = 17
	ApiVersions      int16 = 18
	SASLAuthenticate int16 = 36
)

// The versions this package reads, and where their encoding changes.
const (
	produceMin, produceMax = 3, 13
	fetchMin, fetchMax     = 4, 18

	produceFlexible, produceByID = 9, 13
	fetchFlexible, fetchByID     = 12, 13
)

// Request is a request's header and what follows it. ClientID and Body point
// into the frame.
type Request struct {
	Key, Version int16
	Correlation  int32
	ClientID     []byte // empty for null
	Body         []byte
}

// Topic is a topic's name, or its id from Produce v13 and Fetch v13 on. Name
// points into the frame.
type Topic struct {
	Name []byte
	ID   [16]byte
}

// ParseRequest reads a request's header. It fails with ErrUnknown for a kind that
// kmsg does not know; a version that is too high is left to the broker.
func ParseRequest(frame []byte) (Request, error) {
	c := cursor{src: frame}
	r := Request{Key: c.int16(), Version: c.int16(), Correlation: c.int32()}
	r.ClientID = c.str(false) // never a compact string, not even in a flexible header
	if err := c.err(); err != nil {
		return Request{}, fmt.Errorf("read request header: %w", err)
	}
	flexible, known := isFlexible(r.Key, r.Version)
	if !known {
		return Request{}, fmt.Errorf("read header of request kind %d: %w", r.Key, ErrUnknown)
	}
	c.tagsIf(flexible)
	if err := c.err(); err != nil {
		return Request{}, fmt.Errorf("read tags of request header: %w", err)
	}
	r.Body = frame[c.at:]
	return r, nil
}

// isFlexible tells whether a request, and so its response, has tagged fields.
func isFlexible(key, version int16) (flexible, known bool) {
	switch key { // the hot ones, without allocating
	case Produce:
		return version >= produceFlexible, true
	case Fetch:
		return version >= fetchFlexible, true
	}
	req := kmsg.RequestForKey(key)
	if req == nil {
		return false, false
	}
	req.SetVersion(version)
	return req.IsFlexible(), true
}

// ResponseHeaderLen returns how many bytes of a response's frame come before its
// body: the correlation id and, in flexible versions, the header's tags. An
// ApiVersions response never has tags there.
func ResponseHeaderLen(key, version int16, frame []byte) (int, error) {
	flexible, known := isFlexible(key, version)
	if !known {
		return 0, fmt.Errorf("read header of response kind %d: %w", key, ErrUnknown)
	}
	c := cursor{src: frame}
	c.int32()
	c.tagsIf(flexible && key != ApiVersions)
	if err := c.err(); err != nil {
		return 0, fmt.Errorf("read response header: %w", err)
	}
	return c.at, nil
}

// Throttle returns the throttle_time_ms of a response, given the body after its
// header; 0 where the kind or version has no such field.
func Throttle(key, version int16, body []byte) (ms int32, err error) {
	switch key {
	case Produce:
		at, err := ProduceThrottleAt(version, body)
		if err != nil {
			return 0, err
		}
		return int32(binary.BigEndian.Uint32(body[at:])), nil
	case Fetch:
		c := cursor{src: body}
		ms = c.int32()
		if err := c.err(); err != nil {
			return 0, fmt.Errorf("read fetch throttle: %w", err)
		}
		return ms, nil
	}
	resp := kmsg.ResponseForKey(key)
	if resp == nil {
		return 0, fmt.Errorf("read throttle of response kind %d: %w", key, ErrUnknown)
	}
	resp.SetVersion(version)
	throttled, ok := resp.(kmsg.ThrottleResponse)
	if !ok {
		return 0, nil
	}
	if err := resp.ReadFrom(body); err != nil {
		return 0, fmt.Errorf("read %s response: %w", kmsg.NameForKey(key), err)
	}
	ms, _ = throttled.Throttle()
	return ms, nil
}
