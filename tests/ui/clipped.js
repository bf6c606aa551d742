// Texts that a person can't read whole: cut by a box that hides what overflows, or outside of the page.
() => {
  const found = [];
  const width = document.documentElement.clientWidth;
  const range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const owner = text.parentElement;
    if (
      !text.data.trim() ||
      !owner.checkVisibility({ checkVisibilityCSS: true })
    )
      continue;
    if (owner.closest(".hidden-text, .skip, #svelte-announcer, option, script, style")) continue;
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    let cut = "";
    let scrolls = false;
    for (
      let around = owner;
      around !== document.body;
      around = around.parentElement
    ) {
      const { overflowX, overflowY } = getComputedStyle(around);
      const frame = around.getBoundingClientRect();
      if (overflowX === "auto" || overflowX === "scroll") scrolls = true;
      if (scrolls || overflowY === "auto" || overflowY === "scroll") break;
      const hidden = (overflow) => overflow === "hidden" || overflow === "clip";
      const across =
        hidden(overflowX) &&
        (box.right > frame.right + 1 || box.left < frame.left - 1);
      const down =
        hidden(overflowY) &&
        (box.bottom > frame.bottom + 2 || box.top < frame.top - 2);
      if (across || down)
        cut = `cut by ${around.tagName.toLowerCase()}.${around.className?.baseVal ?? around.className}`;
    }
    if (!scrolls && (box.right > width + 1 || box.left < -1))
      cut = "outside of the page";
    if (cut) found.push(`${text.data.trim().slice(0, 60)}: ${cut}`);
  }
  return found;
};
