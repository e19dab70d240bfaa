(function () {
  const search = document.getElementById('search');
  const boxes = Array.from(document.querySelectorAll('[data-filter]'));
  const cards = Array.from(document.querySelectorAll('.card'));
  const sections = Array.from(document.querySelectorAll('section.group'));
  function show() {
    const wanted = boxes.filter(b => b.checked).map(b => b.dataset.filter);
    const text = search.value.toLowerCase();
    for (const card of cards) {
      const kinds = card.dataset.kinds.split(' ');
      card.hidden = (wanted.length > 0 && !wanted.some(w => kinds.includes(w))) || !card.dataset.name.toLowerCase().includes(text);
    }
    for (const section of sections) section.hidden = !section.querySelector('.card:not([hidden])');
  }
  search.addEventListener('input', show);
  boxes.forEach(b => b.addEventListener('change', show));
})();
