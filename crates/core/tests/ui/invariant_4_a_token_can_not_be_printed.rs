fn main() {
    let token = cloakroom_core::Token::parse("A".repeat(44)).unwrap();
    println!("{}", token);
}
