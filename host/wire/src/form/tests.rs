use super::*;

fn tree(encoded: &str) -> Tree {
    let mut collector = Collector::default();
    for (name, value) in pairs(encoded.as_bytes()) {
        collector.add(&name, &value).unwrap();
    }
    collector.tree
}

/// Prints a tree as `{k:v,…}`, to compare order and nesting at a glance.
fn shown(tree: &Tree) -> String {
    let entries: Vec<String> = tree
        .iter()
        .map(|(key, node)| match node {
            Node::Text(text) => format!("{key}:{text}"),
            Node::NotUtf8(text) => format!("{key}:!{text}"),
            Node::Map(inner) => format!("{key}:{}", shown(inner)),
            other => format!("{key}:{other:?}"),
        })
        .collect();
    format!("{{{}}}", entries.join(","))
}

#[test]
fn nesting() {
    for (encoded, expected) in [
        ("a=1", "{a:1}"),
        ("a[0]=x&a[1]=y", "{a:{0:x,1:y}}"),
        ("a[k]=v", "{a:{k:v}}"),
        ("a[0][name]=x&a[0][value]=y", "{a:{0:{name:x,value:y}}}"),
        ("a[]=x&a[]=y", "{a:{0:x,1:y}}"),
        ("a[7]=x&a[]=y", "{a:{7:x,8:y}}"),
        ("a[-5]=x&a[]=y", "{a:{-5:x,0:y}}"),
        ("a[9]=x&a[2]=y&a[]=z", "{a:{9:x,2:y,10:z}}"),
        ("a[][b]=1&a[][b]=2", "{a:{0:{b:1},1:{b:2}}}"),
        ("a%5B0%5D%5Bn%5D=x", "{a:{0:{n:x}}}"),
        ("a[%20]=x&a[ ]=y", "{a:{0:x,1:y}}"),
        ("a[05]=x&a[]=y", "{a:{05:x,0:y}}"),
        ("a[9223372036854775807]=x&a[]=y&a[]=z", "{a:{9223372036854775807:x}}"),
    ] {
        assert_eq!(shown(&tree(encoded)), expected, "{encoded}");
    }
}

#[test]
fn later_duplicates_win() {
    assert_eq!(shown(&tree("a=1&b=2&a=3")), "{a:3,b:2}");
    assert_eq!(shown(&tree("a=1&a[b]=2")), "{a:{b:2}}");
    assert_eq!(shown(&tree("a[b]=2&a=1")), "{a:1}");
    assert_eq!(shown(&tree("a[b]=2&a[b][c]=1")), "{a:{b:{c:1}}}");
}

#[test]
fn odd_names() {
    for (encoded, expected) in [
        ("a.b=1&c+d=2", "{a_b:1,c_d:2}"),
        ("a[b.c d]=1", "{a:{b.c d:1}}"),
        ("a[b=1", "{a_b:1}"),
        ("a[b][c=1", "{a:{b:1}}"),
        ("a[0]xyz=1", "{a:{0:1}}"),
        ("a]=1", "{a]:1}"),
        ("=1&&[x]=1&a", "{a:}"),
        ("++a=1", "{a:1}"),
        ("a%00b=1", "{a:1}"),
        ("a=%zz%4", "{a:%zz%4}"),
        ("a=1=2", "{a:1=2}"),
        ("a=%ff", "{a:!\u{fffd}}"),
    ] {
        assert_eq!(shown(&tree(encoded)), expected, "{encoded}");
    }
}

#[test]
fn depth_is_bounded() {
    let mut collector = Collector::default();
    let deep = format!("a{}", "[x]".repeat(MAX_DEPTH));
    assert_eq!(collector.add(deep.as_bytes(), b"1"), Ok(()));
    let deeper = format!("{deep}[x]");
    assert_eq!(
        collector.add(deeper.as_bytes(), b"1"),
        Err(FormError::TooDeep { name: "a".to_owned(), limit: MAX_DEPTH })
    );
}

#[test]
fn number_of_variables_is_bounded() {
    let mut collector = Collector::default();
    for _ in 0..MAX_VARIABLES {
        assert_eq!(collector.add(b"a[]", b""), Ok(()));
    }
    assert_eq!(collector.add(b"a[]", b""), Err(FormError::TooMany(MAX_VARIABLES)));
}
