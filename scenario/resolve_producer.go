package scenario

func producerYAML(p Producer) *tree {
	producer := block().add("topic", text(p.Topic))
	switch {
	case p.Partition.Fixed:
		producer.add("partition", integer(int(p.Partition.Number)))
	case p.Partition.RoundRobin:
		producer.add("partition", text("round-robin"))
	}
	producer.
		add("clients", integer(p.Clients)).
		add("rate", rateYAML(p.Rate))
	if p.Poisson {
		producer.add("arrival", text("poisson"))
	}
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
	producer.add("value", valueYAML(p.Value))
	if len(p.Headers) > 0 {
		headers := flow()
		for _, h := range p.Headers {
			headers.add(h.Name, text(h.Value))
		}
		producer.add("headers", headers)
	}
	return producer.add("settings", settings)
}
