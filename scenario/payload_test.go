package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"time"

	"pgregory.net/rapid"
)

// payloadFiles are the files that drawn scenarios name.
func payloadFiles() map[string]string {
	return map[string]string{
		"keys.csv":      "key,weight\nalpha,3\n\"b, \"\"c\"\"\",0.5\n",
		"sizes.csv":     "size,weight\n100,1\n3000,2\n100,0.5\n",
		"traffic.csv":   "seconds,rate\n0,1200/s\n60,0/s\n90.5,4000.25/s\n",
		"samples.jsonl": "{\"id\":1}\r\n\n{\"id\":22}\n",
	}
}

func readPayload(name string) ([]byte, error) {
	data, ok := payloadFiles()[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(data), nil
}

func payloadFile(name string) File {
	sum := sha256.Sum256([]byte(payloadFiles()[name]))
	return File{name, hex.EncodeToString(sum[:])}
}

func drawPartition(t *rapid.T, topic Topic) Partition {
	switch rapid.IntRange(0, 2).Draw(t, "partition") {
	case 1:
		return Partition{RoundRobin: true}
	case 2:
		most := topic.Partitions - 1
		if topic.Existing {
			most = 1<<31 - 1
		}
		return Partition{Fixed: true, Number: rapid.Int32Range(0, most).Draw(t, "number")}
	}
	return Partition{}
}

func drawHeaders(t *rapid.T) (list []Header) {
	for _, name := range rapid.SliceOfNDistinct(drawText(), 0, 3, rapid.ID).Draw(t, "headers") {
		list = append(list, Header{name, drawText().Draw(t, "header")})
	}
	return list
}

func drawKey(t *rapid.T) Key {
	keys := rapid.IntRange(2, mostKeys).Draw(t, "keys")
	k := Key{Keys: keys}
	if rapid.Bool().Draw(t, "padded") {
		k.Size = rapid.IntRange(digits(keys-1), 1000).Draw(t, "key size")
	}
	switch rapid.IntRange(0, 6).Draw(t, "key") {
	case 0:
		return Key{}
	case 1:
	case 2:
		k.HotKeys = rapid.IntRange(1, keys-1).Draw(t, "hot")
		k.HotShare = rapid.Float64Range(1e-6, 1).Draw(t, "share")
		if rapid.Bool().Draw(t, "moving") {
			k.HotMoves = time.Duration(rapid.Int64Range(1e6, 1e15).Draw(t, "moves"))
		}
	case 3:
		k.Zipf = rapid.OneOf(rapid.Float64Range(0.001, 10), rapid.SampledFrom([]float64{1, 2})).Draw(t, "zipf")
	case 4:
		k.InTurn = true
	case 5:
		k = Key{}
		weight := rapid.OneOf(rapid.Float64Range(leastWeight, mostWeight), rapid.SampledFrom([]float64{1, 30, leastWeight, mostWeight}))
		for _, name := range rapid.SliceOfNDistinct(drawText().Filter(func(s string) bool { return s != "" }), 1, 4, rapid.ID).Draw(t, "weighted") {
			k.Weighted = append(k.Weighted, WeightedKey{name, weight.Draw(t, "weight")})
		}
		k.Keys = len(k.Weighted)
	case 6:
		return Key{Keys: 2, Weighted: []WeightedKey{{"alpha", 3}, {`b, "c"`, 0.5}}, File: payloadFile("keys.csv")}
	}
	return k
}

// drawValue draws values of at most 4,000 bytes.
func drawValue(t *rapid.T) Value {
	v := Value{Entropy: rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-6, 1)).Draw(t, "entropy"), Size: Fixed(rapid.IntRange(1, 4000).Draw(t, "value"))}
	if rapid.Bool().Draw(t, "tombstones") {
		v.Tombstones = rapid.Float64Range(1e-6, 0.8).Draw(t, "tombstones")
	}
	low := rapid.IntRange(1, 4000).Draw(t, "min")
	high := rapid.IntRange(low, 4000).Draw(t, "max")
	switch rapid.IntRange(0, 6).Draw(t, "size") {
	case 1:
		v.Size = Size{Shape: UniformSize, Min: low, Max: high}
	case 2: // the mean lies within the bounds, which leave at least its own size
		v.Size = Size{Shape: NormalSize, Min: low, Max: high, Mean: float64(rapid.IntRange(low, high).Draw(t, "mean")),
			StdDev: float64(rapid.IntRange(1, 30).Draw(t, "stddev"))}
	case 3:
		median := rapid.IntRange(1, 50).Draw(t, "median")
		v.Size = Size{Shape: LognormalSize, Min: 1, Max: rapid.IntRange(median, 4000).Draw(t, "max"), Median: float64(median),
			P99: float64(rapid.IntRange(median+1, 10000).Draw(t, "p99"))}
	case 4:
		share := rapid.Float64Range(0.001, 0.999).Draw(t, "share")
		v.Size = Size{Shape: BucketSizes, Min: low, Max: low, Buckets: []SizeBucket{{low, 1}}}
		if high > low {
			v.Size = Size{Shape: BucketSizes, Min: low, Max: high, Buckets: []SizeBucket{{high, share}, {low, 1 - share}}}
		}
	case 5:
		v.Size = Size{Shape: EmpiricalSize, Min: 100, Max: 3000, File: payloadFile("sizes.csv"),
			Buckets: []SizeBucket{{100, 1 / 3.5}, {3000, 2 / 3.5}, {100, 0.5 / 3.5}}}
	case 6:
		return Value{Entropy: 1, Tombstones: v.Tombstones, File: payloadFile("samples.jsonl"),
			Samples: [][]byte{[]byte(`{"id":1}`), []byte(`{"id":22}`)}}
	}
	return v
}
