package wire

import "encoding/binary"

// cursor reads Kafka's primitive types from a byte slice. After the first
// failure every further read returns zero; short says that more bytes would
// help, bad that no further byte can.
type cursor struct {
	src   []byte
	at    int
	short bool
	bad   bool
}

func (c *cursor) failed() bool { return c.short || c.bad }

// err returns what went wrong when src was all there is.
func (c *cursor) err() error {
	switch {
	case c.bad:
		return ErrMalformed
	case c.short:
		return ErrTruncated
	}
	return nil
}

// bytes returns the next n bytes without copying them.
func (c *cursor) bytes(n int) []byte {
	switch {
	case c.failed():
		return nil
	case n < 0:
		c.bad = true
		return nil
	case n > len(c.src)-c.at:
		c.short = true
		return nil
	}
	b := c.src[c.at : c.at+n]
	c.at += n
	return b
}

func (c *cursor) int16() int16 {
	if b := c.bytes(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if b := c.bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (c *cursor) int64() int64 {
	if b := c.bytes(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// uvarint reads at most five bytes that hold at most 32 bits.
func (c *cursor) uvarint() int {
	var v uint64
	for i := range 5 {
		b := c.bytes(1)
		if b == nil {
			return 0
		}
		v |= uint64(b[0]&0x7f) << (7 * i)
		if b[0]&0x80 == 0 {
			if v > 1<<31 {
				c.bad = true
				return 0
			}
			return int(v)
		}
	}
	c.bad = true
	return 0
}

// array reads an array's length; null counts as empty.
func (c *cursor) array(flexible bool) int {
	n := 0
	if flexible {
		n = c.uvarint() - 1
	} else {
		n = int(c.int32())
	}
	if n < -1 {
		c.bad = true
	}
	return max(n, 0)
}

// size reads the length of a byte field; null counts as empty.
func (c *cursor) size(flexible bool) int { return c.array(flexible) }

// str reads a string or null without copying it.
func (c *cursor) str(flexible bool) []byte {
	if flexible {
		return c.bytes(c.size(true))
	}
	n := int(c.int16())
	if n < -1 {
		c.bad = true
	}
	return c.bytes(max(n, 0))
}

// tags skips a tagged field section.
func (c *cursor) tags() {
	for n := c.uvarint(); n > 0 && !c.failed(); n-- {
		c.uvarint()
		c.bytes(c.uvarint())
	}
}

func (c *cursor) tagsIf(flexible bool) {
	if flexible {
		c.tags()
	}
}

// topic reads a topic's name or, where the version has it, its id.
func (c *cursor) topic(flexible, byID bool) (t Topic) {
	if byID {
		copy(t.ID[:], c.bytes(16))
		return t
	}
	t.Name = c.str(flexible)
	return t
}
