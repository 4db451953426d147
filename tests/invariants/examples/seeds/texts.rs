//! Options, requests and answers as texts.

use crate::Seed;

/// Names of a course, and options.
const OPTIONS: &[(&str, &str)] = &[
    ("none", "small_test\nA small test"),
    (
        "all",
        "x\nX\nactivities=1\nblocks=0\nfilters=1\nusers=1\nenrolments=2\nrole_assignments=1\ncomments=1\nuserscompletion=1\nlogs=1\ngrade_histories=1\nanonymize=1\nfiles=0\nformat=tgz",
    ),
    ("forced", "x\nX\nlogs=1\ncomments=1\ngrade_histories=1\nactivities=0"),
    ("twice", "x\nX\nusers=1\nusers=1 \nformat=zip\nenrolments=0"),
    ("conflict", "x\nX\nusers=1\nusers=0"),
    ("wrong", "x\nX\nenrolments=3"),
    ("unknown", "x\nX\nbogus=1"),
    ("marks", "A & B: \"it's\" <b>&amp;</b> ..\\../x?*|`\n<<b>i>x < y > z <!-- c -->"),
    ("letters", "ÄÖÜ ß İ Σς 日本語 コース \u{200d}\u{301}\n\u{0}\u{7f}\u{85}"),
];

pub(crate) fn options() -> Vec<Seed> {
    let mut seeds: Vec<Seed> =
        OPTIONS.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    seeds.push(("long".to_owned(), format!("{}\n{}", "ä_".repeat(150), "x ".repeat(200)).into_bytes()));
    seeds
}

/// Requests with a description and a value: query, body, description, value.
const REQUESTS: &[(&str, [&str; 4])] = &[
    (
        "call",
        [
            "wstoken=t&wsfunction=f&moodlewsrestformat=json&moodlewssettingraw=true&id=5",
            "a=1&list[]=x&list[]=y&options[users]=1",
            "",
            "",
        ],
    ),
    ("pairs", ["", "a=1&options[0][name]=users&options[0][value]=1&options[1][logs]=0&options[users]=1", "", ""]),
    ("conflict", ["", "a=1&options[users]=1&options[0][users]=0", "", ""]),
    ("alias", ["b=7", "a=7&map[x]=2.5&map[y]=0", "", ""]),
    (
        "odd-names",
        [
            "a.b=1&[x]=2&c[=3&d[e=4&f[g]h=5&i[ ]=6&+j=7&k%00l=8",
            "m[-1]=1&m[]=2&n[9223372036854775807]=1&n[]=2&%ff=%fe&o=%zz",
            "",
            "",
        ],
    ),
    ("replaced", ["o[x]=1&o[y]=2&k=1", "o[x]=3&o=4", "", ""]),
    (
        "parameters",
        [
            "",
            "courseid=5&names[]=a&names[]=b",
            r#"{"kind":"single","keys":[{"name":"courseid","description":{"kind":"value","type":"INT","required":"required"}},{"name":"names","description":{"kind":"multiple","content":{"kind":"value","type":"TEXT","required":"required"},"required":"default","default":[]}},{"name":"o","description":{"kind":"multiple","pairs":true,"content":{"kind":"single","keys":[{"name":"name","description":{"kind":"value","type":"ALPHAEXT","required":"required"}},{"name":"value","description":{"kind":"value","type":"RAW","required":"required"}}],"required":"required"},"required":"default","default":[],"doc":"d","aliases":["p"]}}],"required":"required"}"#,
            r#"{"courseid":9007199254740993,"names":["a"]}"#,
        ],
    ),
    (
        "result",
        [
            "",
            "",
            r#"{"kind":"multiple","content":{"kind":"single","keys":[{"name":"id","description":{"kind":"value","type":"INT","required":"required","null":false}},{"name":"f","description":{"kind":"value","type":"FLOAT","required":"optional"}},{"name":"t","description":{"kind":"value","type":"RAW","required":"default","default":"x"}},{"name":"b","description":{"kind":"value","type":"BOOL","required":"default","default":0}},{"name":"s","description":{"kind":"single","keys":[],"required":"optional"}}],"required":"required"},"required":"required"}"#,
            r#"[{"id":1,"f":1.5e30,"t":"<&>\"\u0001\u00e9/","b":true,"more":1},{"id":2.0,"f":null,"s":[]}]"#,
        ],
    ),
    ("value", ["", "", r#"{"kind":"value","type":"FLOAT","required":"required"}"#, "-0.0"]),
    (
        "text",
        ["", "", r#"{"kind":"value","type":"TEXT","required":"required"}"#, r#""<lang lang=\"en\">Hi</lang> a < b""#],
    ),
    ("url", ["", "", "", "https://example.org:8080/a%20b?x[]=1#s"]),
    ("tags", ["", "", "", "a<!-- > <b> -->c<? x ?>d<b title='>'>e"]),
    ("path", ["", "", "", "./a\\..\\b//c/./../x:y"]),
    ("number", ["", "", "", " -12.5e3abc"]),
];

pub(crate) fn requests() -> Vec<Seed> {
    REQUESTS.iter().map(|(name, lines)| ((*name).to_owned(), lines.join("\n").into_bytes())).collect()
}

/// Requests with a JSON body: query, description, body.
const BODIES: &[(&str, [&str; 3])] = &[
    (
        "call",
        [
            "id=1&options[a]=1",
            "",
            r#"{"wstoken":"t","wsfunction":"f","moodlewsrestformat":"json","moodlewssettingraw":true,"courseid":5}"#,
        ],
    ),
    (
        "values",
        [
            "",
            "",
            r#"{"id":9007199254740993,"visible":false,"share":1.5e-7,"password":"a\"b","users":[{"name":"x","key":"k"}],"options":{"users":1,"a":null}}"#,
        ],
    ),
    (
        "maps",
        [
            "users[]=1",
            "",
            r#"{"users":{"a":{"name":null},"7":{"name":"\u00e4\ud83d\ude00"}},"options":[{"name":"a","value":1}]}"#,
        ],
    ),
    (
        "own",
        [
            "",
            r#"{"kind":"single","keys":[{"name":"a","description":{"kind":"value","type":"INT","secret":true}},{"name":"b","description":{"kind":"multiple","content":{"kind":"single","keys":[{"name":"c","description":{"kind":"value","type":"RAW","required":"optional","secret":true,"aliases":["d"]}}]},"required":"default","default":[]}}]}"#,
            r#"{"a":-0,"b":[{"d":"x"},{}]}"#,
        ],
    ),
    ("wrong", ["moodlewsrestformat=json", "", "[1]"]),
    ("broken", ["", "", r#"{"id":"#]),
    ("empty", ["id=1", "", " "]),
    ("nested", ["", "", r#"{"a":[[[[]]],{"b":{"c":{}}}],"a":1,"":2}"#]),
];

pub(crate) fn json_bodies() -> Vec<Seed> {
    BODIES.iter().map(|(name, lines)| ((*name).to_owned(), lines.join("\n").into_bytes())).collect()
}

/// Choices: how they are read is the target's affair, so bytes of several kinds make answers of several kinds.
pub(crate) fn answers() -> Vec<Seed> {
    let noise = |seed: u32| -> Vec<u8> {
        (0..300u32).map(|i| (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    };
    let mut seeds: Vec<Seed> = (0..6).map(|seed| (format!("noise-{seed}"), noise(seed * 1000))).collect();
    seeds.push(("ones".to_owned(), vec![1; 200]));
    seeds.push(("counted".to_owned(), (0..=255).collect()));
    seeds
}
