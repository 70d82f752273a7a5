afresh::snapshots!("traces/*.jsonl", {{crate}}::{{class}});
