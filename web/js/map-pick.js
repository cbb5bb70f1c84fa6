// The picker of <grid-map data-pick>: a press on the map, or Enter for its middle, puts the place into the fields lat and
// lon of the form (degrees of WGS 84, seven decimals) and says so.

import { mute } from './map-base.js';

const fields = (form, name) => [...(form?.querySelectorAll(`input[name=${name}]`) ?? [])];

/// The place that is in the form already, or where the element says to begin; null when neither.
export function start(element) {
  const value = (name) => fields(element.closest('form'), name).find((f) => f.value)?.value || element.dataset[name];
  const [lon, lat] = [value('lon'), value('lat')];
  return lon && lat && Number.isFinite(+lon) && Number.isFinite(+lat) ? [+lon, +lat] : null;
}

/// Makes a map a picker; `say` tells the person what happened.
export function pick(element, frame, { map, Marker, there, here }, say) {
  const form = element.closest('form');
  frame.setAttribute('data-pick', '');
  const pin = document.createElement('span');
  pin.className = 'map-pin';
  const marker = new Marker({ element: pin });
  const show = (place) => { marker.setLngLat(there(place)).addTo(map); mute(pin); };
  const take = (lngLat) => {
    const [lon, lat] = here(lngLat);
    for (const field of fields(form, 'lon')) field.value = lon.toFixed(7);
    for (const field of fields(form, 'lat')) field.value = lat.toFixed(7);
    show([lon, lat]);
    say(element.dataset.done ?? '');
  };
  const begin = start(element);
  if (begin) show(begin);
  map.on('click', ({ lngLat }) => take(lngLat));
  map.getCanvas().addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.preventDefault(), take(map.getCenter());
  });
  // <locate-here> has filled the form.
  form.addEventListener('located', () => {
    const place = start(element);
    if (place && frame.isConnected) show(place), map.jumpTo({ center: there(place) });
  });
}
