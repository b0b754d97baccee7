//! The report in a real browser: light, dark and printed, without errors and without requests.
//!
//! Needs Debian's `chromium` or another browser of its family; says so where there is none.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use resvg::tiny_skia::Pixmap;

/// Two shards of which one is throttled, so that every chart has something to draw.
const SCENARIO: &str = "\
version: 1
name: browsed
question: Does the page show <everything> & hide nothing?
region: us-east-1
duration: 3 min
stream:
  capacity: { provisioned: { shards: 3 } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 4000 records/s }
    record_size: { constant: 200 B }
    partition_key: { zipf: { keys: 1000, exponent: 1.1 } }
consumers:
  - { name: archive, polling: { interval: 1 s } }
  - { name: a-consumer-whose-name-is-far-longer-than-most, enhanced_fan_out: {} }
objectives:
  write_throttled: { at_most: 0.1 % }
  iterator_age_p99: { consumer: archive, at_most: 30 s }
  put_latency_p99: { at_most: 2 s }
";

/// Looks at every chart: its size, labels that leave the drawing, labels that overlap.
const PROBE: &str = "<script>
addEventListener('load', () => {
  const problems = [];
  const visible = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === 'visible';
  };
  for (const figure of document.querySelectorAll('figure')) {
    const drawing = figure.querySelector('svg').getBoundingClientRect();
    if (drawing.width < 300 || drawing.height < 80) problems.push(figure.id + ' is too small');
    const boxes = [...figure.querySelectorAll('text')]
      .filter((label) => label.textContent.trim() !== '')
      .map((label) => [label.textContent.trim(), label.getBoundingClientRect()]);
    for (const [words, box] of boxes) {
      if (box.left < drawing.left || box.right > drawing.right || box.top < drawing.top
        || box.bottom > drawing.bottom) problems.push(figure.id + ' clips ' + words);
    }
    boxes.forEach(([words, one], index) => {
      for (const [other, two] of boxes.slice(index + 1)) {
        const across = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        const down = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        // Boxes of lines are higher than their letters.
        if (across > 1 && down > 4) problems.push(`${figure.id}: ${words} on ${other}`);
      }
    });
  }
  for (const name of ['h1', '.verdict', '.figures', '#findings', '#shards-table']) {
    if (!visible(document.querySelector(name))) problems.push(name + ' is not visible');
  }
  if (document.documentElement.scrollWidth > innerWidth) problems.push('wider than the window');
  const button = document.querySelector('#shards-table ~ div button');
  button.click();
  button.click();
  if (button.parentElement.getAttribute('aria-sort') !== 'descending') problems.push('no sorting');
  const figure = document.querySelector('figure[data-chart=load]');
  figure.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
  if (!document.getElementById('tip').textContent.includes('offered')) problems.push('no values');
  document.body.dataset.problems = problems.join('; ') || 'none';
});
</script>";

fn browser() -> Option<&'static str> {
    let is_there = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"].iter().find(is_there).copied();
    if found.is_none() {
        // Not `eprintln!`, which a test that passes would swallow.
        let words = "browser: SKIPPED, no chromium here; apt-get install chromium\n";
        std::io::stderr().write_all(words.as_bytes()).unwrap();
    }
    found
}

fn browse(browser: &str, profile: &Path, arguments: &[&str]) -> Output {
    let output = Command::new("timeout")
        .args(["120", browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--enable-logging=stderr", "--window-size=1280,9000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = errors.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "the console is not silent: {console:?}");
    output
}

/// A server of one page that remembers what it was asked for.
fn serve(page: Vec<u8>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4_096];
            let length = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let Some(first) = text.lines().next() else { continue };
            // The browser looks for updates of its own, whoever visits what.
            let host = text.lines().find(|line| line.to_lowercase().starts_with("host:"));
            if host.is_some_and(|host| host.contains("google")) {
                continue;
            }
            seen.lock().unwrap().push(first.to_owned());
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n",
                page.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&page));
        }
    });
    (port, asked)
}

/// A folder with the pack of the scenario.
fn pack() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("browsed.yaml"), SCENARIO).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .current_dir(folder.path())
        .args(["run", "browsed.yaml", "--out", "pack"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

#[test]
fn the_page_works_without_an_error_or_a_request_and_nothing_is_clipped() {
    let Some(browser) = browser() else { return };
    let folder = pack();
    let mut page = std::fs::read(folder.path().join("pack/report.html")).unwrap();
    page.extend(PROBE.as_bytes());
    let (port, asked) = serve(page);
    // Whatever name the page asked for would lead to the server.
    let everywhere = format!("--host-resolver-rules=MAP * 127.0.0.1:{port}");
    let address = format!("http://127.0.0.1:{port}/report.html");
    let arguments = ["--dump-dom", "--virtual-time-budget=5000", &everywhere, &address];
    let output = browse(browser, &folder.path().join("profile"), &arguments);
    let dom = String::from_utf8_lossy(&output.stdout);
    let problems = dom.split("data-problems=\"").nth(1).and_then(|rest| rest.split('"').next());
    assert_eq!(problems, Some("none"));
    assert!(dom.contains("Does the page show &lt;everything&gt; &amp; hide nothing?"));
    assert_eq!(dom.matches("<figure ").count(), shardplan::report::CHART_IDS.len());
    let asked = asked.lock().unwrap();
    // TLS would not be text; the policy of the page makes an attempt an error of the console.
    let is_other = |first: &&String| first.contains("HTTP/") && !first.contains("/report.html");
    let others: Vec<_> = asked.iter().filter(is_other).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(!asked.is_empty());
}

#[test]
fn the_page_is_light_dark_and_printed() {
    let Some(browser) = browser() else { return };
    let folder = pack();
    let address = format!("file://{}", folder.path().join("pack/report.html").display());
    let profile = folder.path().join("profile");
    // Paper, and the blue of an accepted load.
    let cases = [("1", [255, 255, 255], [0, 114, 178]), ("0", [15, 19, 23], [90, 180, 239])];
    for (scheme, paper, line) in cases {
        let file = folder.path().join("page.png");
        let shot = format!("--screenshot={}", file.display());
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        browse(browser, &profile, &[&shot, &scheme, &address]);
        let pixels = Pixmap::decode_png(&std::fs::read(&file).unwrap()).unwrap();
        let color = |x, y| pixels.pixel(x, y).map(|seen| [seen.red(), seen.green(), seen.blue()]);
        assert_eq!(color(2, 2), Some(paper));
        let drawn = pixels.pixels().iter();
        let drawn = drawn.filter(|seen| [seen.red(), seen.green(), seen.blue()] == line).count();
        assert!(drawn > 500, "{drawn} pixels of a line");
    }
    let file = folder.path().join("page.pdf");
    let print = format!("--print-to-pdf={}", file.display());
    browse(browser, &profile, &[&print, "--no-pdf-header-footer", &address]);
    let printed = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    let pages = printed.matches("/Type /Page\n").count();
    assert!((3..=9).contains(&pages), "{pages} pages");
}
