"""What the model card says whatever the numbers are."""

USE = """\
It is in the package; torch is not needed.

```
pip install ".[predict]"
bscnet predict scan.ply                     # writes scan-labelled.ply; --page view.html --render view.png to look at it
```

```python
import bscnet

labels, confidence = bscnet.load("indoor-5cm").label(points, colors)  # (P, 3) metres with z up, (P, 3) 0 to 255
```

What it takes for granted:

- **z points up.** `predict` turns nothing: a scan in a camera's frame, or with y up, has to be turned first. Any turn
  about z is fine.
- **Metres.** A file that states its unit is converted; `--units` says what others are in.
- **Colours.** It sees red, green and blue of each point; a scan without colours is refused.
- **An indoor scan** with a floor, walls and furniture, points on surfaces a few centimetres apart or closer.
- Labels are the NYU40 ids of ScanNet's benchmark (`--indices`: 0 to 19), with the names in the output.
"""

ABOUT_CHANGES = """\
The same rooms and the same weights, with what real scans may have done to them. Training turns rooms about z, mirrors
and shears them and shifts their colours a little, and does nothing else.
"""

ABOUT_SCANS = """\
Nobody has labelled these scans: they are to look at. They were stood upright first; their sensors give them in the
camera's frame, and the last column says how many points get the same label there. Colours are red, green and blue from
0 to 255, classes those with 1 % of the points or more.
"""

NOT_FOR = """\
- Anything that depends on labels being right: navigation, safety, measuring, inventories, decisions about people.
- A comparison with networks that were trained on ScanNet or other real scans, in either direction.
- Scans outdoors, of single objects, of whole buildings at once, or without colours.
- Things that the simulator does not have: its rooms are boxes with furniture of simple shapes. What it does not know is
  given one of the twenty classes all the same; there is no class for "something else".
- Judging binary networks or shifted convolutions: one recipe and one seed stand here. Comparisons over seeds are in
  [benchmarks](../benchmarks).
"""
