use super::*;
use crate::description::ParamType as T;

fn cleaned(ty: T, text: &str) -> String {
    clean(ty, text, &Installed::default()).into_owned()
}

/// Accepted means: cleaning changes nothing.
fn check(ty: T, accepted: &[&str], refused: &[&str]) {
    for text in accepted {
        assert_eq!(cleaned(ty, text), *text, "{ty:?} should accept {text:?}");
    }
    for text in refused {
        assert_ne!(cleaned(ty, text), *text, "{ty:?} should refuse {text:?}");
    }
}

#[test]
fn numbers() {
    check(
        T::Int,
        &["5", "0", "-5", "9223372036854775807", "-9223372036854775808"],
        &["05", " 5", "5 ", "5.0", "abc", "", "-0", "+5", "1e3", "9223372036854775808", "0x1f"],
    );
    assert_eq!(cleaned(T::Int, " 12abc"), "12");
    assert_eq!(cleaned(T::Int, "-99999999999999999999"), "-9223372036854775808");
    check(
        T::Float,
        &["1", "-.5", "1e3", "+2.50", "1.", "1E-3", "0"],
        &["", ".", "-", "e5", "abc", " 1", "inf", "nan", "1e999", "1,5", "1e", "0x1"],
    );
    check(T::Bool, &["0", "1"], &["", "true", "yes", "on", "no", "2"]);
    assert_eq!(cleaned(T::Bool, "Yes"), "1");
    assert_eq!(cleaned(T::Bool, "off"), "0");
}

#[test]
fn texts_and_tags() {
    check(
        T::Text,
        &[
            "",
            "a < b and c > d",
            "Zoë & \"quotes\"",
            "<lang lang=\"en\">Hi</lang> <lang lang=\"de\" >Hallo</lang>",
            "<span lang=\"en\" class=\"multilang\">Hi</span>",
            "<span class=\"multilang\" lang=\"en\" >Hi</span>",
        ],
        &[
            "<b>x</b>",
            "a <b",
            "a <",
            "<3",
            "x<!-- y -->",
            "<?php ?>",
            "<lang lang=\"en\">Hi",
            "<lang lang=\"e n\">Hi</lang>",
            "<lang>Hi</lang>",
            "</lang>",
            "<span>Hi</span>",
            "<span lang=\"en\" class=\"x\">Hi</span>",
            "<b>x</b><lang lang=\"en\">Hi</lang>",
            "a\0b",
        ],
    );
    check(T::NoTags, &["a < b", "x > y"], &["<lang lang=\"en\">Hi</lang>", "<i>x</i>"]);
    assert_eq!(cleaned(T::NoTags, "a<b title='>'>c</b>d"), "acd");
    assert_eq!(cleaned(T::NoTags, "a<!-- > <b> -->c<? x ?>d"), "acd");
    assert_eq!(cleaned(T::Text, "<b>x</b><lang lang=\"en\">Hi</lang>"), "x<lang lang=\"en\">Hi</lang>");
    check(T::Raw, &["<b>\u{1}é</b> ", ""], &["a\0"]);
    check(T::RawTrimmed, &["a b", ""], &[" a", "a\n", "a\0"]);
    assert_eq!(cleaned(T::RawTrimmed, "\ta\n"), "a");
}

#[test]
fn letters_and_names() {
    check(T::Alpha, &["abC", ""], &["a1", "a_b", "é"]);
    check(T::AlphaExt, &["role_assignments", "a-b"], &["a1", "a b"]);
    check(T::AlphaNum, &["f83dc10d39e2", ""], &["a_b", "a.b"]);
    check(T::AlphaNumExt, &["a_b-1"], &["a.b", "a/b"]);
    check(T::SafeDir, &["en_us-1"], &["../x"]);
    for ty in [T::Plugin, T::Area] {
        check(ty, &["quiz", "my_plugin2", "a2", ""], &["a", "Quiz", "2quiz", "quiz_", "my_p__x", "a-b"]);
    }
    check(
        T::Component,
        &["mod_quiz", "core", "core_course", "tool_my_thing", ""],
        &["mod_my_thing", "mod_", "mod__x", "Mod_quiz", "mod_2x", "quiz_", "a", "mod_x"],
    );
    check(T::Username, &["small_test.u1@x-y", ""], &["Admin", " admin", "a b", "zoë"]);
    assert_eq!(cleaned(T::Username, " Admin "), "admin");
}

#[test]
fn files_and_paths() {
    check(T::File, &["bild ä.txt", "a.tar.gz", "...", ""], &[".", "..", "a/b", "a:b", "a'b", "a\nb", "a&b"]);
    assert_eq!(cleaned(T::File, "../x"), "..x");
    check(T::Path, &["/", "/a/b.txt", "a/b/", "./a", ""], &["/a/../b", "a//b", "/a/./b", "a\\b", "..", "/a:b"]);
    assert_eq!(cleaned(T::Path, "\\a\\..\\b"), "/a/b");
}

#[test]
fn urls() {
    check(
        T::Url,
        &[
            "",
            "http://moodle.test/course/view.php?id=2&x[]=1#s",
            "https://example.org:8080/",
            "HTTPS://example.org",
            "ftp://files.example.org/a%20b",
            "mailto:someone@example.org",
            "/course/view.php?id=2",
            "view.php?u=http://x",
            "//cdn.example.org/x",
            "http://[::1]/",
        ],
        &[
            "javascript:alert(1)",
            "data:text/plain,x",
            "http://",
            "http:///x",
            "http://a b",
            "http://user:pw@example.org/",
            "http://example.org:99999/",
            "http://exämple.org/",
            "mailto:x",
            "a%2",
            "<x>",
        ],
    );
}

#[test]
fn installed_things() {
    check(T::Lang, &["en", ""], &["de", "e n", "../en"]);
    check(T::Theme, &["boost", ""], &["classic"]);
    let installed = Installed::new(["de"], ["classic"]);
    assert_eq!(clean(T::Lang, "de", &installed), "de");
    assert_eq!(clean(T::Theme, "classic", &installed), "classic");
    assert_eq!(clean(T::Lang, "xx", &Installed::any()), "xx");
}

proptest::proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in "[a-zA-Z0-9<>/&!?\"' ._:@%\\\\\0\n\u{e4}-]{0,40}") {
        for ty in T::ALL {
            // Stripping a tag can make a new one of what stood around it.
            if matches!(ty, T::Text | T::NoTags) { continue; }
            let once = cleaned(*ty, &text);
            proptest::prop_assert_eq!(&cleaned(*ty, &once), &once, "{:?}", ty);
        }
    }
}
