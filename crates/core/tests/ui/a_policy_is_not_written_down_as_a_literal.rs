use cloakroom_core::Policy;

fn main() {
    let _ = Policy { max_sessions: 1_000_000, ..Policy::default() };
}
