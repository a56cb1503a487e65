fn main() {
    let token = cloakroom_core::Token::parse("A".repeat(44)).unwrap();
    let _: String = token.to_string();
}
