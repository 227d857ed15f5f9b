"""World manufacturer identifiers that we know: motorcycles and scooters first, India well covered.

Typed in by hand from general knowledge, not from a register; where a maker's name is also a brand of our catalogue it
is spelled the same. A code that we are not sure of is left out: "unknown" is a better answer than a wrong maker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["motorcycle", "car", "truck", "mixed"]


@dataclass(frozen=True, slots=True)
class Maker:
    """kind says what this code is stamped on; small: a maker named by positions 12 to 14 (fewer than 1,000 a year)."""

    name: str
    kind: Kind
    small: bool = False


_MOTORCYCLES: Final = {
    "Honda": "JH2 JH3 1HF 3H1 478 9C2 VTM ZDC MLH MH1 RLH ME4 LWB LAL",
    "Yamaha": "JYA JY3 JY4 5Y4 9C6 VTL VG5 ZD0 MLE MH3 RLC RKR ME1 LBP",
    "Kawasaki": "JKA JKB ML5 MH4 96P",
    "Suzuki": "JS1 VTT 9CD MB8 MH8 LC6 5SA",
    "Ducati": "ZDM ML0",
    "BMW": "WB1 WB3",
    "KTM": "VBK",
    "Triumph": "SMT 97N",
    "Harley-Davidson": "1HD 5HD 932 MEG",
    "Buell": "4MZ",
    "Indian": "56K",
    "Victory": "5VP",
    "Polaris": "4XA",
    "Can-Am": "3JB 2BX",
    "Arctic Cat": "4UF",
    "Big Dog": "5J1",
    "Zero": "538",
    "Aprilia": "ZD4",
    "Piaggio": "ZAP MBX LBM",
    "Moto Guzzi": "ZGU",
    "MV Agusta": "ZCG",
    "Moto Morini": "ZLM",
    "Husqvarna": "ZKH ZHU",
    "Beta": "ZD3",
    "Malaguti": "ZJM",
    "Benelli": "ZBN LBB",
    "GasGas": "VTR",
    "Derbi": "VTH",
    "Peugeot Motocycles": "VGA",
    "Hero": "MBL",
    "Bajaj": "MD2 92T",
    "TVS": "MD6",
    "Royal Enfield": "ME3",
    "LML": "MD7",
    "Mahindra Two Wheelers": "MCD",
    "Ather": "MYH",
    "CFMoto": "LCE",
    "Zongshen": "LZS",
    "Lifan": "LF3",
    "Loncin": "LLC",
    "Znen": "L5Y",
    "Kymco": "RFB LC2",
    "SYM": "RFG LXM",
    "Aeon": "RF3",
    "Hyosung": "KM4",
    "Daelim": "KMY",
    "Dafra": "95V",
}

_CARS: Final = {
    "Honda": "JHM JHL JHG 1HG 19X 2HG 2HJ 2HK 3CZ 3HG 5FN 5J6 5KB 7FA SHH SHS NLA MRH MAK LHG LVH 93H",
    "Acura": "JH4 JAE 19U 19V 2HH 2HN 5FR 5J8",
    "Toyota": (
        "JT2 JT3 JTD JTE JTK JTL JTM JTN 1NX 2T1 2T3 3TM 4T1 4T3 5TB 5TD 5TE 5TF 5YF SB1 VNK NMT MBJ MR0 MR2 MHF "
        "AHT 6T1 8AJ 93R 9BR LFM LVG"
    ),
    "Lexus": "JT6 JT8 JTH JTJ 2T2 58A",
    "Nissan": "JN1 JN6 JN8 1N4 1N6 3N1 3N6 3N8 5N1 5BZ SJN VSK VWA MDH MNT 94D LGB Z8N",
    "Infiniti": "JNK JNR JNX 5N3 SJK",
    "Mazda": "JM1 JM3 JM6 JM7 JMZ 1YV 4F2 3MZ 3MY 3MV MM0 MM8 MM7 LVR",
    "Mitsubishi": "JA3 JA4 JMB JMY 4A3 4A4 6MM 8A3 ML3 MMB MMC MMT XMC",
    "Subaru": "JF1 JF2 4S3 4S4",
    "Suzuki": "JS2 JS3 JSA TSM VSE 2S2 2S3 MMS LS5",
    "Daihatsu": "JDA",
    "Isuzu": "JAA JAB JAC JAL 4S2 MPA MP1",
    "Hyundai": "KMH KM8 KMF 5NM 5NP 2HM TMA NLH NLJ MAL 9BH LBE",
    "Kia": "KNA KNB KNC KND KNE 5XX 5XY 3KP U5Y U6Y MZB LJD",
    "SsangYong": "KPT KPB",
    "Renault Samsung": "KNM",
    "Maruti Suzuki": "MA3",
    "Tata": "MAT",
    "Mahindra": "MA1",
    "Ford": (
        "1FA 1FM 1FT 1FB 1FC 1FD 1ZV 2FA 2FM 2FT 3FA 3FM 3FT WF0 VS6 NM0 SFA MAJ MNB MNA AFA 6FP 8AF 9BF LVS PE1"
    ),
    "Lincoln": "1LN 2LM 3LN 5LM 5L1",
    "Mercury": "1ME 2ME 2MR 4M2",
    "Chevrolet": "1G1 1GC 1GN 1GB 2G1 2GC 2GN 3G1 3GC 3GN KL1 KL8 MA6 MMM 8AG 9BG",
    "Pontiac": "1G2 2G2 3G2 5Y2 6G2 KL2",
    "Buick": "1G4 2G4 5GA KL4",
    "Cadillac": "1G6 1GY 3GY",
    "GMC": "1GK 1GT 1GD 2GK 2GT 3GK 3GT",
    "Oldsmobile": "1G3 2G3 1GH",
    "Saturn": "1G8 5GZ 3GS",
    "Hummer": "5GN 5GR 5GT",
    "Holden": "6G1 6H8",
    "Chrysler": "1C3 2C3 2C4 3C3 1C8 2C8 3C8",
    "Dodge": "1B3 1B7 1D3 1D7 1D4 2B3 2B4 2B7 2D3 2D4 3B7 3D7",
    "Plymouth": "1P3 1P4 2P4",
    "Jeep": "1J4 1J8 1C4 ZAC 988 MCA",
    "Ram": "1C6 3C6",
    "Tesla": "5YJ 7SA 7G2 LRW XP7",
    "Rivian": "7FC 7PD",
    "Volkswagen": "WVW WVG WV1 WV2 1VW 1V2 3VW 3VV 9BW 8AW AAV",
    "Škoda Auto Volkswagen India": "MEX",
    "SAIC Volkswagen": "LSV",
    "FAW-Volkswagen": "LFV",
    "SAIC General Motors": "LSG LRB",
    "Audi": "WAU WA1 WUA TRU 93U 99A",
    "Škoda": "TMB",
    "SEAT": "VSS",
    "Porsche": "WP0 WP1",
    "BMW": "WBA WBS WBX WBY 4US 5UX 5UM 5YM 3MW LBV 98M",
    "Mini": "WMW WMZ",
    "Mercedes-Benz": "WDB WDC WDD WDF WDW W1K W1N W1V 4JG 55S 8AC 9BM VSA LE4",
    "Smart": "WME TCC",
    "Opel": "W0L W0V",
    "Alpina": "WAP",
    "Renault": "VF1 VF2 MEE 93Y 8A1 X7L",
    "Dacia": "UU1",
    "Peugeot": "VF3 VR3 936 8AD",
    "Citroën": "VF7 VR7 935 MZZ",
    "Fiat": "ZFA ZFB ZFC 9BD 8AP",
    "Alfa Romeo": "ZAR ZAS",
    "Lancia": "ZLA",
    "Ferrari": "ZFF",
    "Lamborghini": "ZHW ZPB",
    "Maserati": "ZAM ZN6",
    "Volvo": "YV1 YV4 LYV LVY 7JR",
    "Saab": "YS3 YTN",
    "Polestar": "YSM LPS",
    "Jaguar": "SAJ SAD",
    "Land Rover": "SAL",
    "Rover": "SAR SAX",
    "Lotus": "SCC",
    "McLaren": "SBM",
    "Aston Martin": "SCF SD7",
    "Bentley": "SCB SJA",
    "Rolls-Royce": "SCA",
    "DeLorean": "SCE",
    "Lada": "XTA",
    "MG": "LSJ SDP MZ7",
    "BYD": "LGX LC0",
    "Geely": "L6T",
    "Great Wall": "LGW",
    "Chery": "LVV",
    "Dongfeng Peugeot Citroën": "LDC",
    "Proton": "PL1",
    "Perodua": "PM2",
    "VinFast": "RLL",
}

_TRUCKS: Final = {
    "Ashok Leyland": "MB1",
    "Eicher": "MC2",
    "Force Motors": "MC1",
    "Daimler India": "MEC",
    "MAN": "WMA",
    "Scania": "YS2 XLE 9BS",
    "Volvo Trucks": "YV2 4V4",
    "DAF": "XLR",
    "Iveco": "ZCF",
    "Freightliner": "1FU 1FV 3AK 3AL",
    "Kenworth": "1XK",
    "Peterbilt": "1XP",
    "Mack": "1M1 1M2",
    "International": "1HT 3HA",
    "MCI": "1M8",
}

# Positions 1 to 3 and, after the stroke, 12 to 14.
_SMALL: Final[dict[str, tuple[str, Kind]]] = {
    "YT9/007": ("Koenigsegg", "car"),
    "VF9/795": ("Bugatti", "car"),
}

# Position 10 is no model year in what these sell outside North America: it is steering side, plant, a running
# number, or a filler that happens to be a letter.
_UNDATED: Final = {
    "Germany": "WDB WDC WDD WDF W1K W1N W1V WME",
    "Ford of Europe": "WF0 VS6 NM0",
    "France and Romania": "VF1 VF2 VF3 VF7 VR3 VR7 UU1",
    "Italy": "ZFA ZAR ZLA ZFC ZAP",
    "Japan in Europe": "SB1 VNK NMT JTD JTE JTM JTN JTH JMZ SJN VSK JN1 TSM JSA",
    "India": "MA3",
}
UNDATED: Final = frozenset(code for codes in _UNDATED.values() for code in codes.split())


def _index() -> dict[str, Maker]:
    table: dict[str, Maker] = {}
    groups: tuple[tuple[Kind, dict[str, str]], ...] = (
        ("motorcycle", _MOTORCYCLES),
        ("car", _CARS),
        ("truck", _TRUCKS),
    )
    for kind, makers in groups:
        for name, codes in makers.items():
            for code in codes.split():
                if code in table:
                    raise ValueError(f"WMI {code} is both {table[code].name} and {name}")
                table[code] = Maker(name, kind)
    for code, (name, kind) in _SMALL.items():
        table[code] = Maker(name, kind, small=True)
    return table


MAKERS: Final = _index()


def maker_of(wmi: str, extension: str | None = None) -> Maker | None:
    """The maker behind positions 1 to 3, and 12 to 14 where position 3 is a 9; None when we don't know it."""
    return MAKERS.get(f"{wmi}/{extension}" if extension else wmi)
