use cloakroom_core::Key;

fn main() {
    let _ = Key::from("0");
}
