"""Codes P0300-P03FF: misfire, ignition, knock, crankshaft and camshaft position. See `compose`."""

TABLE = """
0300 = Misfire in several cylinders or at random
0301 = Misfire in cylinder {1-12}
030A OLH ignition {A-B} control signal
0313 = Misfire while fuel is low; Misfire in a single cylinder, which one is unknown; Crankshaft position: variation not learned; Misfire right after the start; Rough-road hardware missing
0318 F rough-road sensor {A-B} signal
031A OLH ignition {C-D} control signal
0320 FPNI ignition or distributor engine speed input
0324 = Knock control system error
0325 FPLHI knock sensor A
032A FPLHI knock sensor C
032F = Engine delivers too little torque
0330 FPLHI knock sensor B
0335 FPLHI crankshaft position sensor A
033A FPLHI knock sensor D
033F = Crankshaft and camshaft have lost synchronisation
0340 FPLHI camshaft position sensor A, bank {1-2}
034A = Crankshaft position sensor: start position incorrect; Crankshaft position sensor: direction incorrect; Ion sensing: poor performance
0350 F ignition coil, primary or secondary
0351 F ignition coil {A-L} primary or secondary
035A OLH ignition {E-F} control signal
0363 = Misfire: fuel was cut; Converter control module: circuit implausible
0365 FPLHI camshaft position sensor B, bank 1
036A OLH ignition {G-H} control signal
0370 = Timing reference signal {A-B}, high resolution: fault; Timing reference signal {A-B}, high resolution: too many pulses; Timing reference signal {A-B}, high resolution: too few pulses; Timing reference signal {A-B}, high resolution: erratic pulses; Timing reference signal {A-B}, high resolution: no pulses
037A LH glow plug indicator
037C = Cold start: camshaft profile system performs poorly
037D FLH glow plug sensing
0380 F glow plug or heater A
0381 F glow plug indicator
0382 F glow plug or heater B
0383 LH glow plug control module 1
0385 FPLHI crankshaft position sensor B
038A OLH ignition {I-J} control signal
0390 FPLHI camshaft position sensor B, bank 2
0395 FPLHI cylinder 1 pressure sensor
039A = Cylinder 1 pressure too low; Cylinder 1 pressure too high; Cylinder 1 pressure variation low; Cylinder 1 pressure variation high; Cylinder 1 combustion: poor performance
039F = Cylinder {2-8} pressure sensor: circuit fault; Cylinder {2-8} pressure sensor: signal out of range or implausible; Cylinder {2-8} pressure sensor: circuit low; Cylinder {2-8} pressure sensor: circuit high; Cylinder {2-8} pressure sensor: intermittent or erratic signal; Cylinder {2-8} pressure too low; Cylinder {2-8} pressure too high; Cylinder {2-8} pressure variation low; Cylinder {2-8} pressure variation high; Cylinder {2-8} combustion: poor performance
03E5 FPLH camshaft A position actuator position sensor C, bank 1
03E9 Z camshaft A profile actuator position sensor {A-C}
03EC OLHKT camshaft A profile actuator C, bank 1
03F1 OLHKT camshaft B profile actuator C, bank 1
03F6 FPLH camshaft B position actuator position sensor C, bank 1
03FA OLH ignition {K-L} control signal
"""
