/**
 * The script of the page: a click (or Enter) on a picture opens it large, at a whole multiple of its pixels where that fits; the left and right
 * arrow keys, or the buttons, flip in place between the pictures of its row, which shows differences better than side by side.
 */
export const script = `
const dialog = document.querySelector('dialog')
const image = dialog.querySelector('img')
const caption = dialog.querySelector('p')
const tabs = dialog.querySelector('nav')
let row = []
let current = 0

function fit() {
  const stage = dialog.querySelector('.stage').getBoundingClientRect()
  const width = Math.max(...row.map((button) => button.firstElementChild.naturalWidth))
  const height = Math.max(...row.map((button) => button.firstElementChild.naturalHeight))
  const room = Math.min(stage.width / width, stage.height / height)
  const zoom = room >= 1 ? Math.floor(room) : room
  image.width = Math.round(width * zoom)
  image.height = Math.round(height * zoom)
  image.className = zoom >= 1 ? 'pixelated' : ''
}

function show(index) {
  current = (index + row.length) % row.length
  const picture = row[current].firstElementChild
  image.src = picture.src
  image.alt = picture.alt
  caption.textContent = row[current].dataset.title
  for (const [place, tab] of [...tabs.children].entries()) tab.setAttribute('aria-pressed', String(place === current))
  tabs.children[current].focus()
}

function enlarge(button) {
  row = [...document.querySelectorAll('[data-row="' + button.dataset.row + '"]')]
  tabs.replaceChildren(
    ...row.map((other, index) => {
      const tab = document.createElement('button')
      tab.type = 'button'
      tab.textContent = other.dataset.label
      tab.addEventListener('click', () => show(index))
      return tab
    }),
  )
  dialog.showModal()
  fit()
  show(row.indexOf(button))
}

for (const button of document.querySelectorAll('.picture')) button.addEventListener('click', () => enlarge(button))
dialog.querySelector('.close').addEventListener('click', () => dialog.close())
dialog.querySelector('.stage').addEventListener('click', (event) => event.target === image || dialog.close())
dialog.addEventListener('close', () => row[current].focus())
dialog.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowRight') show(current + 1)
  else if (event.key === 'ArrowLeft') show(current - 1)
  else return
  event.preventDefault()
})
addEventListener('resize', () => dialog.open && fit())
`
