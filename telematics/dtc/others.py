"""The codes beyond P0 that common scanners show most: later powertrain codes, wheels and brakes, the network."""

POWERTRAIN = """
2004 = Intake manifold runner control stuck open, bank 1; Intake manifold runner control stuck open, bank 2; Intake manifold runner control stuck closed, bank 1; Intake manifold runner control stuck closed, bank 2
2008 OLH intake manifold runner control, bank {1-2}
2014 FPLHI intake manifold runner position sensor, bank 1
2096 = Fuel trim after the catalyst too lean, bank 1; Fuel trim after the catalyst too rich, bank 1; Fuel trim after the catalyst too lean, bank 2; Fuel trim after the catalyst too rich, bank 2
2100 OPLH throttle actuator A control motor
2104 = Throttle actuator: forced idle; Throttle actuator: forced engine shutdown; Throttle actuator: forced limited power; Throttle actuator: processor fault; Throttle actuator: poor performance; Throttle or pedal position sensor A: minimum stop performs poorly; Throttle actuator: forced limited engine speed; Throttle actuator A: stuck open; Throttle actuator A: stuck closed
2119 = Throttle actuator A: throttle body implausible performance
2120 FPLHI throttle or pedal position sensor D
2125 FPLHI throttle or pedal position sensor E
2135 = Throttle or pedal position sensors A and B: voltages do not agree
2138 = Throttle or pedal position sensors D and E: voltages do not agree
2176 = Throttle actuator A: idle position not learned; Fuel system too lean off idle, bank 1; Fuel system too rich off idle, bank 1; Fuel system too lean off idle, bank 2; Fuel system too rich off idle, bank 2; Cooling system: poor performance
2187 = Fuel system too lean at idle, bank 1; Fuel system too rich at idle, bank 1; Fuel system too lean at idle, bank 2; Fuel system too rich at idle, bank 2
2195 = Oxygen sensor: signal stuck lean, bank 1 sensor 1; Oxygen sensor: signal stuck rich, bank 1 sensor 1; Oxygen sensor: signal stuck lean, bank 2 sensor 1; Oxygen sensor: signal stuck rich, bank 2 sensor 1
2226 FPLHI barometric pressure sensor A
2237 O oxygen sensor positive current control, bank 1 sensor 1
2270 = Oxygen sensor: signal stuck lean, bank 1 sensor 2; Oxygen sensor: signal stuck rich, bank 1 sensor 2; Oxygen sensor: signal stuck lean, bank 2 sensor 2; Oxygen sensor: signal stuck rich, bank 2 sensor 2
2279 = Intake air system leak
2413 = Exhaust gas recirculation: poor performance
2452 FPLHI particulate filter differential pressure sensor A
2463 = Particulate filter: too much soot, bank 1
2562 FPLH turbocharger boost control position sensor A
"""
CHASSIS = """
0031 F left front wheel speed sensor
0034 F right front wheel speed sensor
0037 F left rear wheel speed sensor
003A F right rear wheel speed sensor
0040 F brake pedal switch {A-B}
0044 F brake pressure sensor {A-B}
0049 = Brake fluid level low
0051 F steering wheel position sensor
"""
NETWORK = """
0001 = High-speed data bus: fault; High-speed data bus: poor performance
0073 = Control module communication bus A off; Control module communication bus B off
0100 = Lost communication with the engine control module
0101 = Lost communication with the transmission control module
0121 = Lost communication with the anti-lock brake control module
0126 = Lost communication with the steering angle sensor module
0131 = Lost communication with the power steering control module
0140 = Lost communication with the body control module
0151 = Lost communication with the restraints control module
0155 = Lost communication with the instrument panel control module
0401 = Invalid data received from the engine control module
0402 = Invalid data received from the transmission control module
0415 = Invalid data received from the anti-lock brake control module
"""
