package scenario

import yaml "go.yaml.in/yaml/v4"

func keyYAML(k Key) *tree {
	key := flow()
	switch {
	case k.File != File{}:
		return fileYAML(key, k.File)
	case len(k.Weighted) > 0:
		weights := flow()
		for _, w := range k.Weighted {
			weights.add(w.Key, number(w.Weight))
		}
		return key.add("weights", weights)
	}
	if k.HotKeys > 0 {
		hot := flow().
			add("keys", integer(k.HotKeys)).
			add("share", text(formatShare(k.HotShare)))
		if k.HotMoves > 0 {
			hot.add("moves", text(formatDuration(k.HotMoves)))
		}
		key.add("hot", hot)
	}
	if k.Zipf > 0 {
		key.add("zipf", number(k.Zipf))
	}
	if k.InTurn {
		key.add("order", text("in-turn"))
	}
	if k.Size > 0 {
		key.add("size", size(k.Size))
	}
	return key.add("keys", integer(k.Keys))
}

func valueYAML(v Value) *tree {
	value := flow()
	if (v.File != File{}) {
		fileYAML(value, v.File)
	} else {
		value.add("size", sizeYAML(v.Size)).add("entropy", text(formatShare(v.Entropy)))
	}
	if v.Tombstones > 0 {
		value.add("tombstones", text(formatShare(v.Tombstones)))
	}
	return value
}

func sizeYAML(s Size) *tree {
	law := flow()
	switch s.Shape {
	case FixedSize:
		return size(s.Max)
	case EmpiricalSize:
		return fileYAML(law, s.File)
	case BucketSizes:
		buckets := &tree{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, b := range s.Buckets {
			bucket := flow().add("size", size(b.Size)).add("share", text(formatShare(b.Share)))
			buckets.Content = append(buckets.Content, bucket.node())
		}
		return law.add("buckets", buckets)
	}
	bounds := flow()
	switch s.Shape {
	case NormalSize:
		bounds.add("mean", size(int(s.Mean))).add("stddev", size(int(s.StdDev)))
	case LognormalSize:
		bounds.add("median", size(int(s.Median))).add("p99", size(int(s.P99)))
	}
	return law.add(string(s.Shape), bounds.add("min", size(s.Min)).add("max", size(s.Max)))
}

// fileYAML adds a file with its hash, so that other contents are noticed.
func fileYAML(m *tree, f File) *tree {
	return m.add("file", text(f.Name)).add("sha256", text(f.SHA256))
}

func number(n float64) *tree {
	text := formatNumber(n)
	if allDigits(text) {
		return plain("!!int", text)
	}
	return plain("!!float", text)
}
