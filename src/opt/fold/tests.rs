//! What the rules make of small functions.

use crate::mir::{print, text, verify};
use crate::opt::{Level, pass_named, run_pass};

/// The body of `@f(i8, i16)` after folding and removal of what is not used.
fn folded(body: &str) -> String {
    let text = format!(
        "global @t const 4 = bytes \"01020304\"\nglobal @g bss 99\n\
         func @f(i8, i16) -> i16 {{\nb0(v0: i8, v1: i16):\n{body}\n}}"
    );
    let mut program = text::parse(&text).unwrap();
    verify::verify(&program).unwrap();
    for _ in 0..4 {
        run_pass(&mut program, pass_named("fold").unwrap(), Level::O2);
        run_pass(&mut program, pass_named("dce").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
    }
    let text = print::program(&program);
    let body = text.split("i16):\n").nth(1).unwrap().trim_end_matches("}\n");
    body.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

#[test]
fn numbers_are_computed() {
    assert_eq!(
        folded("v2: i16 = const 3\n v3: i16 = const 5\n v4: i16 = sub v2, v3\n return v4"),
        "v2: i16 = const 65534; return v2"
    );
}

#[test]
fn chains_of_constants_meet() {
    assert_eq!(
        folded(
            "v2: i16 = const 3\n v3: i16 = sub v1, v2\n v4: i16 = const 10\n v5: i16 = add v4, v3\n return v5"
        ),
        "v2: i16 = const 7; v3: i16 = add v1, v2; return v3"
    );
}

#[test]
fn powers_of_two_shift_and_mask() {
    assert_eq!(
        folded("v2: i16 = const 8\n v3: i16 = mul v2, v1\n return v3"),
        "v2: i8 = const 3; v3: i16 = shl v1, v2; return v3"
    );
    assert_eq!(
        folded("v2: i16 = const 16\n v3: i16 = urem v1, v2\n return v3"),
        "v2: i16 = const 15; v3: i16 = and v1, v2; return v3"
    );
}

#[test]
fn comparisons_of_extended_bytes_are_narrow() {
    assert_eq!(
        folded(
            "v2: i16 = zext v0\n v3: i16 = const 9\n v4: i1 = cmp sle v2, v3\n v5: i16 = zext v4\n return v5"
        ),
        "v2: i8 = const 10; v3: i1 = cmp ult v0, v2; v4: i16 = zext v3; return v4"
    );
}

#[test]
fn addresses_take_in_their_sums() {
    assert_eq!(
        folded(
            "v2: i16 = addr [@g]\n v3: i16 = zext v0\n v4: i16 = add v2, v3\n v5: i16 = const 3\n\
             v6: i16 = add v4, v5\n v7: i16 = load [v6]\n return v7"
        ),
        "v2: i16 = load [@g + v0 + 3]; return v2"
    );
}

#[test]
fn the_bounds_of_an_array_are_seen_from_what_it_lies_in() {
    let through = |pointer: &str, part: &str| {
        folded(&format!("v2: i16 = {pointer}\n v3: i16 = load [v2 + v0 + 7 in {part}]\n return v3"))
    };
    assert_eq!(through("addr [@g + 40]", "4 to 58"), "v2: i16 = load [@g + v0 + 47 in 44 to 98]; return v2");
    assert_eq!(
        through("addr [@g + 40]", "4 to 59"),
        "v2: i16 = load [@g + v0 + 47]; return v2",
        "too few bytes"
    );
    assert_eq!(
        through("addr [@g + 40 in 40 to 60]", "4 to 58"),
        "v2: i16 = load [@g + v0 + 47 in 40 to 60]; return v2",
        "the narrower of two"
    );
    let number = "const 2\n v9: i16 = add v1, v2";
    let sum = folded(&format!("v2: i16 = {number}\n v3: i16 = load [v9 + v0 + 7 in 4 to 9]\n return v3"));
    assert_eq!(sum, "v2: i16 = load [v1 + v0 + 9 in 6 to 11]; return v2");
}

#[test]
fn constant_data_is_read_at_once() {
    assert_eq!(folded("v2: i16 = load [@t + 1]\n return v2"), "v2: i16 = const 770; return v2");
}

#[test]
fn a_byte_index_does_not_lose_its_wrapping() {
    assert_eq!(
        folded("v2: i8 = const 1\n v3: i8 = add v0, v2\n v4: i16 = load [@g + v3]\n return v4"),
        "v2: i8 = const 1; v3: i8 = add v0, v2; v4: i16 = load [@g + v3]; return v4"
    );
}
