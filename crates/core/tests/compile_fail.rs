//! What the types forbid (design, "Habits"): each file in `ui` must not compile, for the reason beside it.

#[test]
fn what_must_not_compile_does_not() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
