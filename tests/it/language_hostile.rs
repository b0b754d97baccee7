//! Texts that try to break the reader or to exhaust it: each is refused, quickly, with a reason.

use shardplan::scenario::Source;

use crate::language::{GOOD, check_bad, read};

#[test]
fn what_is_not_one_yaml_map_is_refused() {
    for (text, code, line, column) in [
        ("", "empty-file", 1, 1),
        ("# nothing\n", "empty-file", 2, 1),
        ("version: 1\n---\nversion: 1\n", "multiple-documents", 2, 1),
        ("version: 1\nname: a\nname: b\n", "duplicate-key", 3, 1),
        ("version: 1\nname: a: b\n", "yaml-syntax", 2, 8),
        ("version: 1\nname: *missing\n", "yaml-syntax", 2, 7),
        ("- a\n", "wrong-type", 1, 3),
        ("just a text", "wrong-type", 1, 1),
        ("version: 1\nname: \0\n", "yaml-syntax", 2, 7),
    ] {
        check_bad(text, &[], &[(code, line, column)]);
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_named() {
    let problems = Source::from_bytes("a.yaml", b"version: 1\nname: caf\xe9\n".to_vec());
    let problems = problems.unwrap_err();
    let problem = &problems.all()[0];
    assert_eq!(
        (problem.code(), problem.line(), problem.column()),
        ("not-utf8", 2, 10)
    );
    assert!(
        problem.message().contains("0xe9 at position 20"),
        "{}",
        problem.message()
    );
    let marked = [b"\xef\xbb\xbf".as_slice(), GOOD.as_bytes()].concat();
    assert_eq!(Source::from_bytes("a.yaml", marked).unwrap().text, GOOD);
}

#[test]
fn a_text_beyond_the_budget_is_refused() {
    let nested_flow = format!("a: {}", "[".repeat(100_000));
    let nested_block: String = (0..1_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let values = format!("a: [{}1]", "1,".repeat(400_000));
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, name) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let alias = format!("*{before},");
        bomb.push_str(&format!("{name}: &{name} [{}]\n", alias.repeat(9)));
    }
    for text in [&nested_flow, &nested_block, &values, &bomb] {
        let problems = read(text, &[]).unwrap_err();
        assert_eq!(problems.all()[0].code(), "too-complex", "{problems}");
    }
    let problems = Source::from_bytes("big.yaml", vec![b'#'; 100 << 20]).unwrap_err();
    assert_eq!(problems.all()[0].code(), "too-large");
    let problems = read(&"#".repeat((1 << 20) + 1), &[]).unwrap_err();
    assert_eq!(problems.all()[0].code(), "too-large");
}

#[test]
fn thousands_of_problems_stay_readable() {
    let text: String = (0..50_000).map(|index| format!("k{index}: 1\n")).collect();
    let problems = read(&text, &[]).unwrap_err();
    assert_eq!(problems.all().len(), 1_000);
    assert!(
        problems
            .render(false)
            .ends_with("... and 950 more problems\n")
    );
}

#[test]
fn an_override_with_an_endless_path_is_refused() {
    let deep = format!("{}=1", vec!["a"; 100_000].join("."));
    let problems = read(GOOD, &[&deep]).unwrap_err();
    assert_eq!(problems.all()[0].code(), "bad-override");
}

/// A small generator, so that the same mutations are tried every time.
struct Mutations(u64);

impl Mutations {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// The last character boundary that is not after `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap()
}

#[test]
fn a_damaged_scenario_is_read_or_refused_but_never_panics() {
    const DAMAGE: [&str; 16] = [
        "\0", "é", "\t", "\n", " ", "{", "}", "[", "]", ":", "-", "*", "&a ", "1e99", "\"", "9",
    ];
    let mut mutations = Mutations(0x5eed);
    for _ in 0..3_000 {
        let mut text = GOOD.to_owned();
        for _ in 0..=mutations.below(3) {
            let at = boundary(&text, mutations.below(text.len()));
            if mutations.below(3) == 0 {
                let end = boundary(&text, at + 1 + mutations.below(9)).max(at);
                text.replace_range(at..end, "");
            } else {
                text.insert_str(at, DAMAGE[mutations.below(DAMAGE.len())]);
            }
        }
        if let Err(problems) = read(&text, &[]) {
            assert!(!problems.all().is_empty());
            assert!(
                problems
                    .all()
                    .iter()
                    .all(|each| each.code() != "not-decodable"),
                "{text}"
            );
            assert!(!problems.render(false).is_empty());
        }
    }
}

#[test]
fn a_damaged_override_never_panics() {
    let mut mutations = Mutations(0xface);
    let good = "producers.web.traffic={ constant: 500 records/s }";
    for _ in 0..1_000 {
        let at = mutations.below(good.len());
        let end = (at + 1 + mutations.below(5)).min(good.len());
        let junk = ["", ".", "=", "é", "{", "null", "0", "\n"][mutations.below(8)];
        let over = format!("{}{junk}{}", &good[..at], &good[end..]);
        if let Err(problems) = read(GOOD, &[&over]) {
            assert!(!problems.render(false).is_empty());
        }
    }
}
