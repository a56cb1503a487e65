//! A fixed walk through random and damaged inputs, so that the fuzz targets run in every test, and a failure can be
//! seen again.

/// Calls `target` with so many inputs: what is in the corpus, damaged pieces of it, and bytes from nowhere.
///
/// `TEST_TIMES=50` tries fifty times as many.
pub fn walk(inputs: usize, corpus: &[Vec<u8>], target: fn(&[u8])) {
    for input in corpus {
        target(input);
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap_or(0) % most.max(1)
    };
    let times = std::env::var("TEST_TIMES").ok();
    let times: usize = times.and_then(|times| times.parse().ok()).unwrap_or(1);
    for turn in 0..inputs * times {
        let mut input = if turn % 4 == 0 {
            Vec::new()
        } else {
            corpus[next(corpus.len())].clone()
        };
        for _ in 0..=next(6) {
            let byte = next(256).to_le_bytes()[0];
            let place = next(input.len() + 1);
            match next(6) {
                0 => input.insert(place, byte),
                1 if place < input.len() => drop(input.remove(place)),
                2 => input.truncate(place),
                3 => input.extend((0..next(64)).map(|_| byte.wrapping_mul(31))),
                4 => {
                    let other = &corpus[next(corpus.len())];
                    input.extend_from_slice(&other[next(other.len())..]);
                }
                _ if place < input.len() => input[place] = byte,
                _ => input.push(byte),
            }
        }
        target(&input);
    }
}
