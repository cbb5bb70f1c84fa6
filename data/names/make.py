#!/usr/bin/env python3
"""Writes the tables of this folder from two Python packages:

    pip download --no-deps pypinyin==0.55.0 opencc-python-reimplemented==0.1.7
    make.py pypinyin-*.whl opencc_python_reimplemented-*.whl

pinyin.txt   a line for each syllable (without tone) with the characters that are commonly read so. One reading each, basic plane
             only; the few characters that names read in two ways are in the program.
simple.txt   pairs of characters, traditional and simplified, where the traditional one stands for exactly one.
"""

import json
import sys
import unicodedata
import zipfile


def plain(syllable):
    letters = unicodedata.normalize("NFD", syllable)
    marks = {"\u0300", "\u0301", "\u0304", "\u030c"}
    text = unicodedata.normalize("NFC", "".join(c for c in letters if c not in marks))
    return text.replace("ü", "v").replace("ê", "e")


def han(char):
    return 0x3400 <= ord(char) <= 0x4DBF or 0x4E00 <= ord(char) <= 0x9FFF


pinyin, opencc = (zipfile.ZipFile(name) for name in sys.argv[1:3])

readings = {}
for code, syllables in json.loads(pinyin.read("pypinyin/pinyin_dict.json")).items():
    syllable = plain(syllables.split(",")[0])
    if han(chr(int(code))) and syllable.isascii() and syllable.isalpha():
        readings.setdefault(syllable, []).append(chr(int(code)))
with open("pinyin.txt", "w", encoding="utf-8") as out:
    for syllable, chars in sorted(readings.items()):
        out.write(f"{syllable} {''.join(sorted(chars))}\n")

pairs = []
for line in opencc.read("opencc/dictionary/TSCharacters.txt").decode().splitlines():
    traditional, simple = line.split("\t")
    if " " not in simple and traditional != simple and len(traditional) == len(simple) == 1 and han(traditional) and han(simple):
        pairs.append(traditional + simple)
with open("simple.txt", "w", encoding="utf-8") as out:
    for at in range(0, len(pairs), 30):
        out.write("".join(pairs[at:at + 30]) + "\n")
