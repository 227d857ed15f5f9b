"""Codes P0000-P02FF: air, fuel, injection, oxygen sensors. See `compose` for how a line is read."""

TABLE = """
0001 OPLH fuel volume regulator A
0005 OLH fuel shut-off valve A
0008 = Engine position system: bank {1-2} out of step
000A = Camshaft A position: slow response, bank 1; Camshaft B position: slow response, bank 1; Camshaft A position: slow response, bank 2; Camshaft B position: slow response, bank 2; Fuel volume regulator: control beyond its learning limit; Fuel system: over-pressure relief valve has opened
0010 O camshaft A position actuator, bank 1
0011 = Camshaft A position: timing too far advanced or sluggish, bank 1; Camshaft A position: timing too far retarded, bank 1
0013 O camshaft B position actuator, bank 1
0014 = Camshaft B position: timing too far advanced or sluggish, bank 1; Camshaft B position: timing too far retarded, bank 1
0016 = Crankshaft and camshaft position do not agree, bank {1-2} sensor {A-B}
001A OLH camshaft A profile actuator A, bank {1-2}
0020 O camshaft A position actuator, bank 2
0021 = Camshaft A position: timing too far advanced or sluggish, bank 2; Camshaft A position: timing too far retarded, bank 2
0023 O camshaft B position actuator, bank 2
0024 = Camshaft B position: timing too far advanced or sluggish, bank 2; Camshaft B position: timing too far retarded, bank 2
0026 P intake valve control solenoid, bank 1
0027 P exhaust valve control solenoid, bank 1
0028 P intake valve control solenoid, bank 2
0029 P exhaust valve control solenoid, bank 2
002A OLH camshaft B profile actuator A, bank {1-2}
0030 OLH oxygen sensor heater, bank 1 sensor 1
0033 OLH turbocharger or supercharger bypass valve A
0036 OLH oxygen sensor heater, bank 1 sensor 2
0039 P turbocharger or supercharger bypass valve A
003A Z turbocharger or supercharger boost control {A-B} position
003C KT camshaft A profile actuator A, bank {1-2}
0040 = Oxygen sensor signals swapped: bank 1 sensor 1 with bank 2 sensor 1; Oxygen sensor signals swapped: bank 1 sensor 2 with bank 2 sensor 2
0042 OLH oxygen sensor heater, bank 1 sensor 3
0045 OPLH turbocharger or supercharger boost control A
0049 = Turbocharger A: turbine overspeed
004A OPLH turbocharger or supercharger boost control B
004E I turbocharger or supercharger boost control {A-B}
0050 OLH oxygen sensor heater, bank 2 sensor 1
0053 = Oxygen sensor heater: wrong resistance, bank 1 sensor {1-3}
0056 OLH oxygen sensor heater, bank 2 sensor 2
0059 = Oxygen sensor heater: wrong resistance, bank 2 sensor {1-3}
005A KT camshaft B profile actuator A, bank {1-2}
005E LH boost control B supply voltage
0062 OLH oxygen sensor heater, bank 2 sensor 3
0065 PLH air-assisted injector control
0068 = Manifold pressure or air flow does not agree with throttle position; Manifold absolute pressure does not agree with barometric pressure
006A = Manifold pressure does not agree with air flow, bank 1; Manifold pressure does not agree with exhaust pressure; Manifold pressure does not agree with turbocharger inlet pressure; Barometric pressure does not agree with turbocharger inlet pressure, bank 1
006E LH boost control A supply voltage
0070 FPLHI ambient air temperature sensor A
0075 FLH intake valve control solenoid, bank 1
0078 FLH exhaust valve control solenoid, bank 1
007A FPLHI charge air cooler temperature sensor, bank 1
007F = Charge air cooler temperature sensors of both banks do not agree
0081 FLH intake valve control solenoid, bank 2
0084 FLH exhaust valve control solenoid, bank 2
0087 = Fuel rail or system pressure too low, bank 1; Fuel rail or system pressure too high, bank 1
0089 G fuel pressure regulator A
008A = Low-pressure fuel system: pressure too low; Low-pressure fuel system: pressure too high
008C OLH fuel cooler pump
008F = Engine coolant and fuel temperature do not agree
0090 OLH fuel pressure regulator A
0093 = Fuel system: large leak; Fuel system: small leak
0095 FPLHI intake air temperature sensor 2, bank 1
009A = Intake air and ambient air temperature do not agree
009B OLHKT fuel pressure relief control
00A0 FPLHI charge air cooler temperature sensor, bank 2
00A5 FPLHI intake air temperature sensor 2, bank 2
00AA FPLHI intake air temperature sensor 1, bank 2
00AF G turbocharger or supercharger boost control {A-B} module
00B1 FPLHI radiator coolant temperature sensor
00B6 = Radiator and engine coolant temperature do not agree; Engine coolant flow too low; Manifold pressure does not agree with air flow, bank 2; Low-pressure fuel system: pressure too low in the cold; Fuel pressure low: power is limited; Fuel injector flow too small: power is limited
00BC = Air flow sensor A: implausible, flow too low; Air flow sensor A: implausible, flow too high; Air flow sensor B: implausible, flow too low; Air flow sensor B: implausible, flow too high
00C0 FLHP turbocharger or supercharger bypass valve B
00C4 = Turbocharger bypass valve B: mechanical fault; Turbocharger B: turbine overspeed; Fuel rail pressure too low while cranking, bank 1; Intake air pressure sensors do not agree, bank 1
00C8 OLH fuel pressure regulator A solenoid supply voltage
00CB OLH fuel volume regulator solenoid supply voltage
00CE = Intake air temperature sensors do not agree, bank 1; Barometric pressure and boost sensor A do not agree; Barometric pressure and boost sensor B do not agree
00D1 P oxygen sensor heater, bank 1 sensor {1-2}
00D3 P oxygen sensor heater, bank 2 sensor {1-2}
00D5 = Oxygen sensors 1 and 2 do not agree, bank {1-2}
00D7 = Turbocharger bypass valve {A-B}: temperature too high
00D9 FPLHI ambient air temperature sensor B
00DE FPLHI charge air cooler coolant temperature sensor A
00E3 UC exhaust heat exchanger bypass valve A
00E5 = Intake air and fuel temperature do not agree; Intake air pressure sensors do not agree, bank 2; Intake air temperature sensors do not agree, bank 2
00E8 FPLHI intake air temperature sensor 3, bank {1-2}
00F2 OPLHI humidity sensor
00F7 = Barometric pressure does not agree with turbocharger inlet pressure, bank 2
00F8 FPLHI turbocharger outlet pressure sensor A
00FD = Battery B: state of charge implausible; Fuel vapour system: tank vapour line blocked; Body control module asks for the engine lamp
0100 FPLHI mass or volume air flow sensor A
0105 FPLHI manifold absolute pressure or barometric pressure sensor
010A FPLHI mass or volume air flow sensor B
010F = Mass or volume air flow sensors A and B do not agree
0110 FPLHI intake air temperature sensor 1, bank 1
0115 FPLHI engine coolant temperature sensor 1
011A = Engine coolant temperature sensors 1 and 2 do not agree; Engine coolant and intake air temperature do not agree; Charge air cooler and intake air temperature do not agree, bank 1; Charge air cooler and intake air temperature do not agree, bank 2; Engine coolant 1 and ambient air temperature do not agree; Engine coolant 2 and ambient air temperature do not agree
0120 FPLHI throttle or pedal position sensor A
0125 = Engine coolant too cold for closed-loop fuel control; Engine coolant too cold for stable operation; Intake air temperature too high; Coolant thermostat: engine stays below its working temperature; Barometric pressure too low
012A FPLHI turbocharger or supercharger inlet pressure sensor A
012F = Engine coolant and engine oil temperature do not agree
0130 FVWSA oxygen sensor, bank 1 sensor 1
0135 F oxygen sensor heater, bank 1 sensor 1
0136 FVWSA oxygen sensor, bank 1 sensor 2
013A RQ oxygen sensor, bank {1-2} sensor 2
013E rq oxygen sensor, bank 1 sensor 2
0141 F oxygen sensor heater, bank 1 sensor 2
0142 FVWSA oxygen sensor, bank 1 sensor 3
0147 F oxygen sensor heater, bank 1 sensor 3
0148 = Fuel delivery error; Fuel timing error
014A rq oxygen sensor, bank 2 sensor 2
014C RQ oxygen sensor, bank {1-2} sensor 1
0150 FVWSA oxygen sensor, bank 2 sensor 1
0155 F oxygen sensor heater, bank 2 sensor 1
0156 FVWSA oxygen sensor, bank 2 sensor 2
015A rq oxygen sensor, bank {1-2} sensor 1
015E = Fuel timing takes too long to enter closed-loop control; Cylinder balance takes too long to enter closed-loop control
0161 F oxygen sensor heater, bank 2 sensor 2
0162 FVWSA oxygen sensor, bank 2 sensor 3
0167 F oxygen sensor heater, bank 2 sensor 3
0168 = Fuel temperature too high; Fuel composition incorrect
016A = Air-fuel ratio takes too long to enter closed-loop control; Closed-loop air-fuel ratio control at its limit: too rich; Closed-loop air-fuel ratio control at its limit: too lean; Fuel pressure takes too long to enter closed-loop control; Closed-loop fuel pressure control at its limit: pressure too high; Closed-loop fuel pressure control at its limit: pressure too low
0170 = Fuel trim outside its limits, bank 1; Fuel system too lean, bank 1; Fuel system too rich, bank 1; Fuel trim outside its limits, bank 2; Fuel system too lean, bank 2; Fuel system too rich, bank 2
0176 FPLH fuel composition sensor
017A FPLHI cylinder head temperature sensor A
017F = Fuel vapour system: air filter of the leak detection pump blocked
0180 FPLHI fuel temperature sensor {A-B}
018A FPLHI fuel pressure sensor B
018F = Fuel system: over-pressure relief valve opens too often
0190 FPLHI fuel rail pressure sensor, bank 1
0195 FPLHI engine oil temperature sensor A
019A rq oxygen sensor, bank {1-2} sensor 3
019E FPLHI alternative fuel tank A pressure sensor
01A3 FPLHI alternative fuel rail pressure sensor
01A8 = Alternative fuel rail pressure too low; Alternative fuel rail pressure too high
01AA FPLHI alternative fuel tank temperature sensor
01AF FPLHI alternative fuel tank A level sensor
01B4 FPLHI alternative fuel rail temperature sensor
01B9 FPLHI engine oil temperature sensor B
01BE FPLHI fuel rail pressure sensor, bank 2
01C3 FPLHI fuel pressure sensor A
01C8 = Fuel rail or system pressure too low, bank 2; Fuel rail or system pressure too high, bank 2; Fuel rail pressure too low while cranking, bank 2
01CB yx cylinder {1-12} injection timing
01E3 FPLHI engine coolant temperature sensor 3
01E8 OLHP engine coolant heater {A-B}
01F0 = Coolant fell back below the temperature for self-tests
01F1 FVWSA oxygen sensor, bank 1 sensor 4
01F6 = Oxygen sensor: signal stuck lean, bank 1 sensor 4; Oxygen sensor: signal stuck rich, bank 1 sensor 4
01F8 = Engine coolant heater {A-B}: driver current or temperature too high
01FA FPLHI turbocharger outlet pressure sensor B
01FF = Turbocharger outlet pressure sensors A and B do not agree
0200 = Injector circuit open or faulty
0201 F cylinder {1-12} injector A
020A F cylinder {1-6} injection timing
0213 F cold start injector {1-2}
0215 F engine shut-off solenoid
0216 = Injector or injection timing control: circuit fault; Engine coolant too hot; Transmission fluid too hot; Engine overspeed
021A F cylinder {7-12} injection timing
0220 FPLHI throttle or pedal position sensor {B-C}
022A OLH charge air cooler bypass {A-B}
0230 = Fuel pump primary circuit fault; Fuel pump secondary circuit low; Fuel pump secondary circuit high; Fuel pump secondary circuit intermittent; Turbocharger or supercharger A: overboost
0235 FPLH turbocharger or supercharger boost sensor {A-B}
023A OLH charge air cooler coolant pump A
023D = Manifold absolute pressure and boost sensor {A-B} do not agree
023F O fuel pump secondary
0243 FPLH turbocharger or supercharger wastegate actuator {A-B}
024A = Charge air cooler bypass A: implausible performance; Charge air cooler bypass A: stuck
024C FPLH charge air cooler bypass position sensor A
0251 FPLHI injection pump fuel metering control {A-B}
025A OPLH fuel pump module A
025E I turbocharger or supercharger boost sensor {A-B}
0261 = Cylinder {1-12} injector A: circuit low; Cylinder {1-12} injector A: circuit high; Cylinder {1-12}: contribution or balance fault
026A = Charge air cooler: efficiency too low; Injection timing: poor performance; Fuel injection quantity A lower than expected; Fuel injection quantity A higher than expected; Charge air cooler coolant pump A: poor performance; Coolant thermostat: poor performance
027A OPLH fuel pump module B
027E = Cold start: fuel injection quantity A lower than expected; Cold start: fuel injection quantity A higher than expected
028A OKTLHD charge air cooler cooling fan
0297 = Vehicle overspeed; Engine oil too hot; Turbocharger or supercharger A: underboost
029A abed cylinder {1-12}
02CA = Turbocharger or supercharger B: overboost; Turbocharger or supercharger B: underboost
02CC nm cylinder {1-10} fuel injector A
02E0 OGLHUC diesel intake air flow A control
02E6 FPLHI diesel intake air flow A position sensor
02EB = Diesel intake air flow A: motor current implausible; Diesel intake air flow A: flow too high; Diesel intake air flow A: flow too low
02EE P cylinder {1-12} injector
02FA = Diesel intake air flow position sensor: stop position implausible
02FB OLHP cold start fuel injection control
02FF = Timer of the engine standing still: poor performance
"""
