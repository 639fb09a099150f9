package scenario

import yaml "go.yaml.in/yaml/v4"

func consumerYAML(c Consumer) *tree {
	topics := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, t := range c.Topics {
		topics.Content = append(topics.Content, text(t).node())
	}
	consumer := block().
		add("topics", (*tree)(topics)).
		add("clients", integer(c.Clients)).
		add("from", text(string(c.From)))
	if c.CommittedBy != "" {
		consumer.add("committed_by", text(c.CommittedBy))
	}
	if c.Processing != (Processing{}) {
		consumer.add("processing", flow().
			add("per_record", text(formatDuration(c.Processing.PerRecord))).
			add("per_batch", text(formatDuration(c.Processing.PerBatch))))
	}
	if c.Batches.Records > 0 {
		consumer.add("batches", flow().
			add("records", integer(c.Batches.Records)).
			add("window", text(formatDuration(c.Batches.Window))).
			add("bytes", size(c.Batches.Bytes)))
	}
	if len(c.Pauses) > 0 {
		consumer.add("pauses", pausesYAML(c.Pauses))
	}
	if len(c.Members) > 0 {
		consumer.add("members", membersYAML(c.Members))
	}
	return consumer.add("settings", consumerSettingsYAML(c.Settings))
}

func pausesYAML(pauses []Pause) *tree {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, p := range pauses {
		list.Content = append(list.Content, flow().
			add("at", text(formatDuration(p.At))).
			add("for", text(formatDuration(p.For))).node())
	}
	return (*tree)(list)
}

func membersYAML(changes []MemberChange) *tree {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, c := range changes {
		change := flow().add("at", text(formatDuration(c.At)))
		if c.Join > 0 {
			change.add("join", integer(c.Join))
		} else {
			change.add("leave", integer(c.Leave))
		}
		list.Content = append(list.Content, change.node())
	}
	return (*tree)(list)
}

func consumerSettingsYAML(s ConsumerSettings) *tree {
	isolation := "read_uncommitted"
	if s.ReadCommitted {
		isolation = "read_committed"
	}
	settings := flow().
		add("fetch_max_wait", text(formatDuration(s.FetchMaxWait))).
		add("fetch_min_bytes", size(s.FetchMinBytes)).
		add("fetch_max_bytes", size(s.FetchMaxBytes)).
		add("max_partition_fetch_bytes", size(s.FetchMaxPartitionBytes)).
		add("max_poll_records", integer(s.MaxPollRecords)).
		add("commit_interval", text(formatDuration(s.CommitInterval))).
		add("isolation", text(isolation))
	if s.ClientID != "" {
		settings.add("client_id", text(s.ClientID))
	}
	return settings
}
