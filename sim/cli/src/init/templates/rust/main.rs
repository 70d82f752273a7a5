afresh::main!("{{name}}" => {{crate}}::{{class}});
