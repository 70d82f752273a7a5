afresh::snapshots!("traces/*.jsonl", stock::Stock);
