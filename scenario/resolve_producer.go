package scenario

func producerYAML(p Producer) *tree {
	producer := block().
		add("topic", text(p.Topic)).
		add("clients", integer(p.Clients)).
		add("rate", text(p.Rate.String()))
	if p.Key.Keys > 0 {
		producer.add("key", keyYAML(p.Key))
	}
	s := p.Settings
	settings := flow().
		add("acks", text(s.Acks)).
		add("idempotent", boolean(s.Idempotent)).
		add("compression", text(s.Compression)).
		add("linger", text(formatDuration(s.Linger))).
		add("batch", size(s.BatchBytes)).
		add("buffer", size(s.BufferBytes)).
		add("in_flight", integer(s.InFlight))
	if s.CompressionLevel != DefaultLevel {
		settings.add("compression_level", integer(s.CompressionLevel))
	}
	if s.ConnectRate > 0 {
		settings.add("connect_rate", text(formatCountRate(s.ConnectRate)))
	}
	if t := s.Transactions; t.Records > 0 {
		settings.add("transactions", flow().
			add("records", integer(t.Records)).
			add("aborted", text(formatShare(t.Aborted))))
	}
	if s.ClientID != "" {
		settings.add("client_id", text(s.ClientID))
	}
	return producer.
		add("value", flow().add("size", size(p.Value.Size.Max))).
		add("settings", settings)
}

func keyYAML(k Key) *tree {
	key := flow()
	if k.HotKeys > 0 {
		key.add("hot", flow().
			add("keys", integer(k.HotKeys)).
			add("share", text(formatShare(k.HotShare))))
	}
	if k.Zipf > 0 {
		key.add("zipf", plain("!!float", formatNumber(k.Zipf)))
	}
	return key.add("keys", integer(k.Keys))
}
