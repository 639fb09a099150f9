package generator

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// codec is a compression codec at a level of its own scale, or at its default.
func codec(name string, level int) kgo.CompressionCodec {
	var c kgo.CompressionCodec
	scale := func(level int) int { return level }
	switch name {
	case "gzip":
		c = kgo.GzipCompression()
	case "snappy":
		c = kgo.SnappyCompression()
	case "lz4":
		c, scale = kgo.Lz4Compression(), lz4Level
	case "zstd":
		c, scale = kgo.ZstdCompression(), zstdLevel
	default:
		c = kgo.NoCompression()
	}
	if level == scenario.DefaultLevel {
		return c
	}
	return c.WithLevel(scale(level))
}

// lz4Level is what the encoder of franz-go calls a level from 1 to 9: how far it
// searches.
func lz4Level(level int) int { return 1 << (8 + level) }

// zstdLevel is which of the four encoders of franz-go comes nearest to a level of
// zstd, from 1 to 22.
func zstdLevel(level int) int {
	switch {
	case level < 3:
		return 1
	case level < 6:
		return 2
	case level < 10:
		return 3
	}
	return 4
}
