//! Tests of the assembler as a whole: text in, listing and errors out.

use super::*;
use crate::mos::inst::Mode;
use crate::mos::item::listing;

fn listing_of(text: &str) -> String {
    let assembled = assemble(text, Options::default(), &NoNames);
    assert_eq!(assembled.errors, [], "{text}");
    let lines = listing(&assembled.items);
    lines.lines().map(str::trim).collect::<Vec<_>>().join("|")
}

fn errors_of(text: &str) -> Vec<(String, String)> {
    let assembled = assemble(text, Options::default(), &NoNames);
    assembled.errors.into_iter().map(|e| (text[e.range].to_string(), e.message)).collect()
}

fn error_of(text: &str) -> (String, String) {
    let errors = errors_of(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    errors.into_iter().next().unwrap_or_default()
}

/// Knows the variables `{b}` and `{z}` (zero page), constant `{K}`, routine `sub`.
struct Program;

impl Resolver for Program {
    fn interpolate(&self, path: &str) -> Option<Place> {
        let symbol = |name: &str, zero_page| Place::Symbol { name: name.into(), addend: 0, zero_page };
        Some(match path {
            "b" => symbol("main.b", None),
            "z" => symbol("main.z", Some(true)),
            "K" => Place::Number(300),
            "C.p" => Place::Number(4),
            _ => return None,
        })
    }
    fn name(&self, name: &str) -> Option<Place> {
        (name == "sub").then(|| Place::Symbol { name: "m.sub".into(), addend: 0, zero_page: Some(false) })
    }
    fn export(&self, label: &str) -> Option<Name> {
        Some(format!("m.{label}").into())
    }
    fn paths(&self) -> Vec<String> {
        ["b", "z", "K", "C.p", "value"].map(String::from).to_vec()
    }
    fn names(&self) -> Vec<String> {
        vec!["sub".into()]
    }
}

#[test]
fn modes_follow_from_operand_and_value() {
    assert_eq!(listing_of("lda $12\n lda $1234\n ldx $12,y"), "lda $12|lda $1234|ldx $12,y");
    assert_eq!(listing_of("sta ($12),y\nsta ($12,x)\njmp ($1234)"), "sta ($12),y|sta ($12,x)|jmp ($1234)");
    assert_eq!(listing_of("asl\nror a\nlax $20\nsbx #1"), "asl|ror|lax $20|sbx #$01");
    assert_eq!(listing_of("LDA.a $12\nlda.z $12,X"), "lda $12|lda $12,x");
    let forced = assemble("lda.abs $12", Options::default(), &NoNames);
    assert_eq!(forced.items[0].operand().map(|_| assemble::size(&forced.items[0])), Some(3));
}

#[test]
fn expressions_have_precedence() {
    assert_eq!(listing_of(".byte 1 + 2 * 3, <$1234 + 1, >$12ff + 1"), ".byte $07, $35, $13");
    assert_eq!(
        listing_of(".byte 7 % 4, 1 << 3 | 1, -1, (1 + 2) * 3, ~0 & $f"),
        ".byte $03, $09, $ff, $09, $0f"
    );
    assert_eq!(listing_of(".byte 3 > 2, 1 == 2, !0, 1 && 0, hi($1234)"), ".byte $01, $00, $01, $00, $12");
    assert_eq!(listing_of(".word $1234, -2"), ".byte $34, $12, $fe, $ff");
}

#[test]
fn labels_are_found_forwards_and_back() {
    assert_eq!(listing_of("a: jmp b\nb: jmp a"), "L0:|jmp L1|L1:|jmp L0");
    assert_eq!(listing_of("!: bne !+\n bne !-\n!: beq !--"), "L0:|bne L1|bne L0|L1:|beq L0");
    assert_eq!(listing_of("!x: jmp !x+\n!x: jmp !x-"), "L0:|jmp L1|L1:|jmp L1");
    assert_eq!(
        listing_of("table: lda table + 1,x\nlda #<table\nlda #>table-1"),
        "L0:|lda L0+1,x|lda #<L0|lda #>(L0-1)"
    );
    assert_eq!(listing_of("bne *+4"), "L0:|bne L0+4");
}

#[test]
fn distances_between_labels_are_numbers() {
    assert_eq!(listing_of("ldx #end - start\nstart: nop\nlda $1234\nend:"), "ldx #$04|L1:|nop|lda $1234|L0:");
    assert_eq!(listing_of("s: nop\n.fill 4 - (* - s), 7"), "L0:|nop|L1:|.byte $07, $07, $07");
}

#[test]
fn data_directives() {
    assert_eq!(listing_of(".text \"AB\"\n.byte 'C'"), ".byte $41, $42, $43");
    assert_eq!(listing_of(".encoding \"screencode_upper\"\n.text \"AB\""), ".byte $01, $02");
    assert_eq!(listing_of(".fill 3, i * 2\n.fill 2, [1, 2]"), ".byte $00, $02, $04, $01, $02, $01, $02");
    assert_eq!(listing_of(".dword $12345678"), ".byte $78, $56, $34, $12");
    assert_eq!(listing_of("t: .word t + 1\n.byte <t, >t"), "L0:|.word L0+1|.byte <L0|.byte >L0");
}

#[test]
fn constants_and_conditions() {
    assert_eq!(listing_of(".const A = 3\n.var v = A\n.eval v = v + 1\n.byte v, A"), ".byte $04, $03");
    assert_eq!(listing_of("sta border\n.label border = $d020"), "sta $d020");
    assert_eq!(listing_of(".const D = 0\n.if (D) { inx } else { iny }"), "iny");
    assert_eq!(listing_of(".if (!defined(Q)) {\n inx\n}\n.if (0) {\n} else .if (1) {\n nop }"), "inx|nop");
}

#[test]
fn faults_are_reported_at_their_place() {
    assert_eq!(error_of("lda #1\nldq #2").0, "ldq");
    assert_eq!(error_of("jmp nowhere"), ("nowhere".into(), "Unknown label 'nowhere'".into()));
    assert_eq!(error_of("jmp !nope+").0, "!nope+");
    assert_eq!(error_of("jmp !nope-").0, "!nope-");
    assert_eq!(error_of("lda #256"), ("256".into(), "The value 256 does not fit one byte".into()));
    assert_eq!(error_of("sta #1").1, "'sta' cannot take an immediate value");
    assert_eq!(error_of("inx 5").1, "'inx' takes no operand");
    assert_eq!(error_of("lda (x),y"), ("x".into(), "Unknown label 'x'".into()));
    assert_eq!(error_of("x: nop\nx: nop").1, "Label 'x' is defined twice");
    assert_eq!(error_of("lda #1 2").0, "2");
    assert_eq!(error_of(".byt 1").1, "Unknown directive '.byt'");
    assert_eq!(error_of(".byte 300").0, "300");
    assert_eq!(error_of(".byte 1/0").1, "Division by zero");
    assert_eq!(error_of("s: .fill 200, 0\nbne s").0, "bne s");
    assert_eq!(error_of("lda #s\ns:").1, "An address does not fit one byte");
    assert_eq!(error_of("* = $1000").0, "*");
}

#[test]
fn what_was_reported_is_mended_for_emission() {
    for text in ["jmp !nope+", "s: .fill 200, 0\nbne s"] {
        let assembled = assemble(text, Options::default(), &NoNames);
        assert_eq!(assembled.errors.len(), 1);
        let labels = assembled.items.iter().filter(|item| matches!(item, Item::Label(_))).count();
        assert_eq!(labels, 1);
        assert!(
            assembled
                .items
                .iter()
                .all(|i| !matches!(i, Item::Inst(i) if i.mode == Mode::Relative && i.exact))
        );
    }
}

#[test]
fn one_bad_line_does_not_hide_another() {
    let places: Vec<String> = errors_of("ldq\nnop\nlda )\n.byte 999").into_iter().map(|e| e.0).collect();
    assert_eq!(places, ["ldq", ")", "999"]);
}

#[test]
fn program_names_come_from_the_resolver() {
    let text = "l: lda {b}+1\nlda {z},x\nlda ({b}),y\nldx #<{K}\njsr sub\nsta {C.p}";
    let assembled = assemble(text, Options::default(), &Program);
    assert_eq!(assembled.errors, []);
    let expected = "m.l:\nL0:\n    lda main.b+1\n    lda main.z,x\n    lda (main.b),y\n    ldx #$2c\n    jsr m.sub\n    sta $04\n";
    assert_eq!(listing(&assembled.items), expected);
    let facts = assembled.facts;
    assert!(facts.anything && !facts.ends_flow);
    assert_eq!(facts.zero_page.into_iter().collect::<Vec<_>>(), [4]);
    assert_eq!(facts.must_be_zero_page.into_iter().collect::<Vec<_>>(), ["main.b".into()]);
    let touch = |place: Operand, indexed, read, written| Touch { place, indexed, read, written };
    assert_eq!(facts.touches[0], touch(Operand::global("main.b").plus(1), false, true, false));
    assert_eq!(facts.touches[1], touch(Operand::global("main.z"), true, true, false));
}

#[test]
fn misspelt_names_get_suggestions() {
    let help = |text| assemble(text, Options::default(), &Program).errors.remove(0).help;
    assert_eq!(help("lda {valeu}").as_deref(), Some("Did you mean 'value'?"));
    assert_eq!(help("jsr sbu").as_deref(), Some("Did you mean 'sub'?"));
    assert_eq!(help("lda b").as_deref(), Some("For the variable, constant or function write {b}."));
}

#[test]
fn any_text_gives_a_result() {
    let mut state = 7u32;
    let parts = [
        "lda", " ", "#", "(", ")", ",x", "\n", "!", "+", "-", "{", "}", ".if", ".fill 9", "*", "=", ":", "<",
        "$ff", "%1", "\"", "'", "[", "]", "a", "ő", "/*", ".word", "==", "1", ".align 8", ".const k",
    ];
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(parts[(state >> 16) as usize % parts.len()]);
        }
        for error in assemble(&text, Options::default(), &Program).errors {
            assert!(text.get(error.range.clone()).is_some(), "{text:?} {error:?}");
        }
    }
    assemble(&"(".repeat(50_000), Options::default(), &NoNames);
    assemble(&".if (1) {".repeat(50_000), Options::default(), &NoNames);
    assemble(&"-".repeat(50_000), Options::default(), &NoNames);
}

#[test]
fn labels_can_be_listed_without_assembling() {
    let names: Vec<String> = labels_of("a: nop\n.if (X) { b: }\n!c:").into_iter().map(|l| l.name).collect();
    assert_eq!(names, ["a", "b"]);
}
