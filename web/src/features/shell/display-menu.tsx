// Theme and time zone of this reader.

import { type Theme, useDisplay, zones } from '../../ui/display'
import { Menu } from '../../ui/menu'

const themes: [Theme, string][] = [
  ['system', 'Like the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function DisplayMenu() {
  const { theme, zone, setTheme, setZone } = useDisplay()
  return (
    <Menu label="Display" end>
      <fieldset>
        <legend>Theme</legend>
        {themes.map(([value, word]) => (
          <label key={value} className="choice">
            <input
              type="radio"
              name="theme"
              checked={theme === value}
              onChange={() => setTheme(value)}
            />
            {word}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>Times in</legend>
        {[...new Set([...zones(), zone])].map((value) => (
          <label key={value} className="choice">
            <input
              type="radio"
              name="zone"
              checked={zone === value}
              onChange={() => setZone(value)}
            />
            {value === 'Asia/Kolkata' ? 'India (IST)' : value}
          </label>
        ))}
      </fieldset>
    </Menu>
  )
}
