package generator

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"msklt/scenario"
)

// blockBytes is the stretch of a value that is random at first and constant after,
// as its entropy says. It is long enough for compression to pay nearly in full
// for the constant part, and short enough to matter in small values.
const blockBytes = 256

// sizeClasses are for values without bytes of our own, and of up to 1, 2, 4, … 2^30
// bytes.
const sizeClasses = 32

func sizeClass(size int) int {
	if size == 0 {
		return 0
	}
	return 1 + bits.Len(uint(size-1))
}

// take returns a flight with a value of a size, 0 for one that needs no bytes. The
// bytes are made once and differ between all records that are out at one time;
// flights are kept by size class, so that memory follows the sizes drawn. Those that
// came back are taken over together, once there are no others.
func (p *producer) take(size int) *flight {
	class := sizeClass(size)
	ready := &p.ready[class]
	if len(*ready) == 0 {
		p.mu.Lock()
		*ready, p.idle[class] = p.idle[class], *ready
		p.mu.Unlock()
	}
	if last := len(*ready) - 1; last >= 0 {
		f := (*ready)[last]
		*ready = (*ready)[:last]
		if f.shaped != size {
			p.shape(f, size)
		}
		return f
	}
	f := &flight{from: p, class: class}
	f.promise = f.done
	f.record.Headers = p.headers
	if size > 0 {
		f.buffer = make([]byte, min(1<<(class-1), p.Value.Size.Max))
		p.fill(f.buffer)
		f.shaped = len(f.buffer)
		p.shape(f, size)
	}
	return f
}

// give takes a flight back for another record, some at a time: few are kept waiting
// for others to come back.
func (p *producer) give(f *flight) {
	p.back = append(p.back, f)
	if len(p.back) < givenTogether {
		return
	}
	p.mu.Lock()
	for _, f := range p.back {
		p.idle[f.class] = append(p.idle[f.class], f)
	}
	p.mu.Unlock()
	p.back = p.back[:0]
}

const givenTogether = 32

// poolBytes is how much of a pool there is before values repeat: small enough to stay
// in a processor's cache.
const poolBytes = 1 << 20

// patternless tells that it makes no difference to the cluster whether values are pieces of
// a pool: all their bytes are random, and nothing looks for what repeats.
func patternless(p scenario.Producer) bool {
	return p.Value.Entropy == 1 && p.Value.Samples == nil && p.Settings.Compression == "none"
}

// newPool is a pool for values of at most so many bytes.
func newPool(largest int, random *rand.ChaCha8) []byte {
	pool := make([]byte, poolBytes+largest)
	_, _ = random.Read(pool) // never fails
	return pool
}

// piece is the next value of a size from the pool.
func (p *producer) piece(size int) []byte {
	from := p.piecesTo
	if from+size > len(p.pool) {
		from = 0
	}
	p.piecesTo = from + size
	return p.pool[from:p.piecesTo:p.piecesTo]
}

// fill makes the random part of every block of zero bytes random.
func (p *producer) fill(value []byte) {
	if p.Value.Entropy == 1 {
		_, _ = p.random.Read(value) // never fails
		return
	}
	for from := 0; from < len(value); from += blockBytes {
		to := min(from+blockBytes, len(value))
		_, _ = p.random.Read(value[from : from+p.randomBytes(to-from)])
	}
}

// randomBytes is how many bytes of a block of n are random.
func (p *producer) randomBytes(n int) int {
	return int(math.Round(float64(n) * p.Value.Entropy))
}

// shape gives the first size bytes of a flight's buffer their entropy. Only the
// last block, which a size cuts, depends on the size.
func (p *producer) shape(f *flight, size int) {
	if p.Value.Entropy == 1 || p.Value.Entropy == 0 {
		return
	}
	whole := f.shaped / blockBytes * blockBytes // the block that was cut before
	p.fill(f.buffer[whole:min(whole+blockBytes, len(f.buffer))])
	cut := size / blockBytes * blockBytes
	clear(f.buffer[cut+p.randomBytes(size-cut) : size])
	f.shaped = size
}
