afresh::main!(stock::Stock);
